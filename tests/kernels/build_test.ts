import assert from "node:assert/strict";
import { buildKernels } from "../../src/kernels/build.ts";
import { detectInstructionSet } from "../../src/kernels/instruction_set.ts";

const TARGET = { instructionSet: "simd", sharedMemory: false } as const;

/** The folder of a test, with a closing slash, and everything in it removed afterwards. */
async function inFolder(test: (folder: URL) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await test(new URL(`file://${path}/`));
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

Deno.test("buildKernels() keeps its result, and compiles again when the kept file is cut short", () =>
  inFolder(async (folder) => {
    const built = await buildKernels(TARGET, folder);
    const names = [...Deno.readDirSync(folder)].map((entry) => entry.name);
    assert.equal(names.length, 1);
    assert.match(names[0]!, /^[0-9a-f]{64}\.wasm$/);
    assert.deepEqual(await buildKernels(TARGET, folder), built);
    const file = new URL(names[0]!, folder);
    await Deno.writeFile(file, built.subarray(0, built.length / 2));
    assert.deepEqual(await buildKernels(TARGET, folder), built);
    assert.deepEqual(await Deno.readFile(file), built);
  }));

Deno.test("buildKernels() works when the cache cannot be written, and differs between targets", async () => {
  const nowhere = new URL("file:///proc/no-such-folder/");
  const relaxed = await buildKernels({ ...TARGET, instructionSet: "relaxed-simd" }, nowhere);
  const shared = await buildKernels({ ...TARGET, sharedMemory: true }, nowhere);
  assert.ok(WebAssembly.validate(relaxed));
  assert.ok(WebAssembly.validate(shared));
  assert.notDeepEqual(relaxed, shared);
});

Deno.test("buildKernels() compiles a chosen few, and says when there is no such file", async () => {
  const target = { instructionSet: "simd", sharedMemory: false } as const;
  const module = await WebAssembly.compile(await buildKernels({ ...target, only: ["pack_weights"] }));
  assert.deepEqual(WebAssembly.Module.exports(module).map(({ name }) => name), ["packWeights"]);
  await assert.rejects(buildKernels({ ...target, only: ["pack_wieghts"] }), /no such file/);
});

Deno.test("detectInstructionSet() finds vectors in this runtime", () => {
  assert.ok(["relaxed-simd", "simd"].includes(detectInstructionSet()));
});
