/**
 * Gzip (RFC 1952) by the runtime's own DecompressionStream.
 *
 * @module
 */
import { joinBytes } from "../files/join_bytes.ts";
import { InputError } from "../errors.ts";

/** Most bytes that a file may decompress to: a small file must not fill the memory. */
const MAX_DECOMPRESSED_BYTES = 2 ** 31;

/** Whether bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The bytes that were compressed.
 *
 * @param path Names the file in errors.
 * @param limit Most bytes that may come out.
 * @throws {InputError} when the stream is cut or damaged, or more than `limit` comes out of it.
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  limit = MAX_DECOMPRESSED_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))) {
      length += chunk.length;
      if (length > limit) break;
      chunks.push(chunk);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `Cannot decompress ${path}: after byte ${length} of its content, expected more gzip data; found a cut or ` +
        `damaged stream in its ${bytes.length} bytes (${reason}).`,
    );
  }
  if (length > limit) {
    throw new InputError(`Cannot decompress ${path}: its content is longer than ${limit} bytes.`);
  }
  return joinBytes(chunks);
}
