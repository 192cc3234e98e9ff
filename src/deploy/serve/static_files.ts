/**
 * Answers requests with the files of one folder and nothing else: no listing, nothing above the folder, nothing that a link
 * leads out to. The headers isolate the page from other origins, so that it gets a precise clock and shared memory:
 * https://web.dev/articles/coop-coep.
 *
 * @module
 */

import { readFile, realpath, stat } from "node:fs/promises";
import { fileFault } from "../../files/file_errors.ts";

/** Media types by ending. A browser compiles WebAssembly from a stream only under its own type. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  onnx: "application/octet-stream",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
};
const OTHER_TYPE = "application/octet-stream";
const INDEX_FILE = "index.html";

const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
} as const;

/** Answers a request. */
export type Handler = (request: Request) => Promise<Response>;

/**
 * A handler for the files below a folder.
 *
 * @param folder The folder; it must be there.
 * @throws when it is not.
 */
export async function staticFiles(folder: string): Promise<Handler> {
  const root = await realpath(folder);
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(405, "Only GET and HEAD are answered here.", { allow: "GET, HEAD" });
    }
    const path = pathOf(request.url);
    const file = path === undefined ? undefined : await openBelow(root, path);
    if (file === undefined) return answer(404, "There is no such file.");
    const { bytes, type } = file;
    const headers = { ...HEADERS, "content-type": type, "content-length": String(bytes.length) };
    return new Response(request.method === "HEAD" ? null : bytes, { headers });
  };
}

/** The path below the root, or nothing where it cannot be one. A URL has lost its plain `..` already, not its escaped ones. */
function pathOf(url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(new URL(url).pathname);
  } catch {
    return undefined;
  }
  const parts = path.split("/").filter((part) => part !== "");
  const sound = parts.every((part) => part !== "." && part !== ".." && !/[\\\0]/.test(part));
  return sound ? parts.join("/") : undefined;
}

async function openBelow(
  root: string,
  path: string,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; type: string } | undefined> {
  try {
    let file = await realpath(`${root}/${path}`);
    if ((await stat(file)).isDirectory()) file = await realpath(`${file}/${INDEX_FILE}`);
    // Links are resolved by now: what is still below the root lies there.
    if (!file.startsWith(`${root}/`) || !(await stat(file)).isFile()) return undefined;
    const ending = file.slice(file.lastIndexOf(".") + 1).toLowerCase();
    const type = Object.hasOwn(MEDIA_TYPES, ending) ? MEDIA_TYPES[ending]! : OTHER_TYPE;
    return { bytes: new Uint8Array(await readFile(file)), type };
  } catch (error) {
    // Gone, hidden, or no name that a file can have: nobody outside needs to know which.
    if (fileFault(error) !== undefined) return undefined;
    throw error;
  }
}

function answer(status: number, text: string, more: Record<string, string> = {}): Response {
  const headers = { ...HEADERS, ...more, "content-type": "text/plain; charset=utf-8" };
  return new Response(text + "\n", { status, headers });
}
