/**
 * Reading files that a person named: every failure is an {@link InputError} that names the file and what was expected.
 *
 * @module
 */
import { InputError } from "../errors.ts";

/**
 * The bytes of a file.
 *
 * @param path The file.
 * @param expected What the file should have been, for the message: "a model.json".
 * @throws {InputError} when it is missing, a folder, or may not be read.
 */
export async function readBytes(path: string, expected: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw new InputError(`Cannot read ${path} (expected ${expected}): ${describeReadError(error)}.`);
  }
}

/**
 * The value in a JSON file, unchecked in shape.
 *
 * @param path The file.
 * @param expected What the file should have been, for the message.
 * @throws {InputError} when it cannot be read or is not JSON.
 */
export async function readJson(path: string, expected: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(path, expected));
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`Cannot read ${path} as ${expected}: it is not JSON (${reason}).`);
  }
}

/** Whether a file or a folder stands at this path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function describeReadError(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.PermissionDenied) return "it may not be read";
  return error instanceof Error ? error.message : String(error);
}
