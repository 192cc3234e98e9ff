import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";

const SOURCES = new URL("../../src/", import.meta.url);

/** What the sources of a folder import, for their values or for their types, as "file -> specifier". */
async function importsOf(folder: string, excluding?: string): Promise<string[]> {
  const names = (await readdir(new URL(folder, SOURCES), { recursive: true }))
    .map((name) => folder + name)
    .filter((name) => name.endsWith(".ts") && (excluding === undefined || !name.startsWith(excluding)));
  assert.ok(names.length > 0);
  const found = await Promise.all(names.map(async (name) => {
    const code = (await readFile(new URL(name, SOURCES), "utf8")).replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
    return [...code.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target]) =>
      `${name} -> ${target}`
    );
  }));
  return found.flat();
}

Deno.test("nothing in kernels/ outside of kernels/tfjs/ knows TensorFlow.js", async () => {
  const imports = await importsOf("kernels/", "kernels/tfjs/");
  assert.deepEqual(imports.filter((line) => /@tensorflow|\/tfjs\//.test(line)), []);
});

Deno.test("one file knows the inside of the wasm backend", async () => {
  const folder = "kernels/tfjs/";
  const names = (await readdir(new URL(folder, SOURCES), { recursive: true })).filter((name) =>
    name.endsWith(".ts")
  );
  const knowing: string[] = [];
  for (const name of names) {
    const code = await readFile(new URL(folder + name, SOURCES), "utf8");
    if (/\.wasm\b.*_malloc|wasmMemory/.test(code)) knowing.push(name);
  }
  assert.deepEqual(knowing, ["backend_heap.ts"]);
});
