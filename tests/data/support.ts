/**
 * What the tests of the data room share: temporary folders, and the check that an error is bad input that names what
 * a person needs to know.
 *
 * @module
 */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";

/** Writes files below a folder, making the folders they need. */
export async function writeFiles(
  folder: string,
  files: Iterable<readonly [string, Uint8Array]>,
): Promise<void> {
  for (const [name, bytes] of files) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, bytes);
  }
}

/** Asserts that an action fails with an {@link InputError} whose message holds every one of the texts. */
export async function rejectsInput(action: () => unknown, ...texts: string[]): Promise<void> {
  let error: unknown;
  try {
    await action();
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof InputError, `expected an InputError, got ${error}`);
  for (const text of texts) {
    assert.ok(error.message.includes(text), `expected "${text}" in the message: ${error.message}`);
  }
}

/** The bytes as a gzip file. */
export async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await compress(bytes, "gzip");
}

/** The bytes through one of the runtime's compressors. "deflate" is zlib's format (RFC 1950), which PNG uses. */
export async function compress(
  bytes: Uint8Array<ArrayBuffer>,
  format: "gzip" | "deflate",
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
