/**
 * How an exported module gets at its bytes, in every runtime.
 *
 * @module
 */

/**
 * The bytes of a file of the module.
 *
 * @param source Where they lie, or they themselves.
 * @throws {Error} when they cannot be read.
 */
export async function readBytes(source: URL | string | ArrayBuffer): Promise<ArrayBuffer> {
  if (source instanceof ArrayBuffer) return source;
  const url = new URL(source, import.meta.url);
  if (url.protocol === "file:" && "process" in globalThis) {
    // Node.js does not fetch files. The name is put together so that bundlers for browsers do not look for it.
    const { readFile } = await import(["node:fs", "promises"].join("/"));
    const bytes: Uint8Array = await readFile(url);
    return new Uint8Array(bytes).buffer;
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Cannot read ${url}: ${response.status} ${response.statusText}`);
  return await response.arrayBuffer();
}

/** Base64 of a raw deflate stream to what was deflated. */
export async function inflate(base64: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return await new Response(stream).arrayBuffer();
}
