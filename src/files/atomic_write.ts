/**
 * Files that are either the old one or the new one, whole, whatever happens in between: written under a temporary name
 * beside the target, flushed to the disk, renamed.
 *
 * @module
 */
import { WorkError } from "../errors.ts";
import { exists } from "./read.ts";

/** The ending of a file that is still being written. A reader never opens such a file. */
export const TEMPORARY_ENDING = ".partial";

/**
 * Writes a file atomically, and makes the folders above it.
 *
 * @param path Where the file goes.
 * @param content Bytes, or text that is written as UTF-8.
 * @param options `keepAs`: where the file that stood there goes, instead of being replaced.
 * @throws {WorkError} when the disk is full or the place cannot be written; the old file is untouched.
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | string,
  options: { keepAs?: string } = {},
): Promise<void> {
  const temporary = path + TEMPORARY_ENDING;
  try {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (folder !== "" && path.includes("/")) await Deno.mkdir(folder, { recursive: true });
    using file = await Deno.open(temporary, { write: true, create: true, truncate: true });
    let rest = typeof content === "string" ? new TextEncoder().encode(content) : content;
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    await file.sync();
    if (options.keepAs !== undefined && await exists(path)) await Deno.rename(path, options.keepAs);
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    const reason = error instanceof Error ? error.message : String(error);
    throw new WorkError(
      `Cannot write ${path}: ${reason}`,
      "Free some space, or choose a place that can be written.",
    );
  }
}

/** Writes a value as indented JSON with a closing newline, atomically. See {@link writeFileAtomically}. */
export async function writeJsonAtomically(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, JSON.stringify(value, null, 2) + "\n");
}
