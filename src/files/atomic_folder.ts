/**
 * A folder that is either the old one or the new one, whole: filled under a temporary name, then renamed into place.
 *
 * @module
 */
import { WorkError } from "../errors.ts";
import { TEMPORARY_ENDING } from "./atomic_write.ts";
import { exists } from "./read.ts";

/**
 * Replaces a folder by one that `fill` makes.
 *
 * @param path The folder.
 * @param fill Writes the content below the temporary folder it is given. When it throws, the old folder stays as it was.
 */
export async function replaceFolder(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = path + TEMPORARY_ENDING;
  const previous = path + ".old" + TEMPORARY_ENDING;
  await removeFolder(temporary);
  await removeFolder(previous);
  try {
    await Deno.mkdir(temporary, { recursive: true });
    await fill(temporary);
  } catch (error) {
    await removeFolder(temporary);
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      throw new WorkError(`Cannot write ${path}: ${error.message}`, "Choose a place that can be written.");
    }
    throw error;
  }
  if (await exists(path)) await Deno.rename(path, previous);
  await Deno.rename(temporary, path);
  await removeFolder(previous);
}

/** Removes a folder and everything in it; no error when it is not there. */
export async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
