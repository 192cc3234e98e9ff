/**
 * SHA-256 as lower-case hexadecimal, the one fingerprint that RepFuse uses for data, snapshots and models.
 *
 * @module
 */

/**
 * The SHA-256 of the parts, one after the other.
 *
 * @param parts Bytes; typed arrays are read as the bytes under them (little-endian on every machine Deno runs on).
 */
export async function sha256(...parts: (ArrayBufferView | ArrayBuffer)[]): Promise<string> {
  const total = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    bytes.set(
      ArrayBuffer.isView(part)
        ? new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
        : new Uint8Array(part),
      offset,
    );
    offset += part.byteLength;
  }
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Bytes as lower-case hexadecimal. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
