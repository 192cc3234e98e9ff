/**
 * Reading files that a person named: every failure is an {@link InputError} that names the file and what was expected.
 *
 * @module
 */
import { lstat, readFile } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { describeFileError, fileFault } from "./file_errors.ts";

/**
 * The bytes of a file.
 *
 * @param path The file.
 * @param expected What the file should have been, for the message: "a model.json".
 * @throws {InputError} when it is missing, a folder, or may not be read.
 */
export async function readBytes(path: string | URL, expected: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { buffer, byteOffset, length } = await readFile(path) as Uint8Array<ArrayBuffer>;
    // A small file may lie in a buffer that Node shares among many: whoever asks for `buffer` means this file alone.
    if (length === buffer.byteLength) return new Uint8Array(buffer);
    return new Uint8Array(buffer.slice(byteOffset, byteOffset + length));
  } catch (error) {
    throw new InputError(`Cannot read ${path} (expected ${expected}): ${describeFileError(error, "file")}.`);
  }
}

/**
 * The text of a file, which is UTF-8.
 *
 * @param path The file.
 * @param expected What the file should have been, for the message.
 * @throws {InputError} when it is missing, a folder, or may not be read.
 */
export async function readText(path: string | URL, expected: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path, expected));
}

/**
 * The value in a JSON file, unchecked in shape.
 *
 * @param path The file.
 * @param expected What the file should have been, for the message.
 * @throws {InputError} when it cannot be read or is not JSON.
 */
export async function readJson(path: string, expected: string): Promise<unknown> {
  const text = await readText(path, expected);
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`Cannot read ${path} as ${expected}: it is not JSON (${reason}).`);
  }
}

/** Whether a file or a folder stands at this path; below a file there is none. */
export async function exists(path: string | URL): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const fault = fileFault(error);
    if (fault === "missing" || fault === "a file") return false;
    throw error;
  }
}
