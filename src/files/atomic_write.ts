/**
 * Files that are either the old one or the new one, whole, whatever happens in between: written under a temporary name
 * beside the target, flushed to the disk, renamed.
 *
 * @module
 */
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
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
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.keepAs !== undefined && await exists(path)) await rename(path, options.keepAs);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary).catch(() => {});
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
