/**
 * Kernels made to test threads with: one that marks the units that it does, and ones that misbehave.
 *
 * @module
 */
import asc from "assemblyscript/asc";
import assert from "node:assert/strict";
import { type PoolOptions, WorkerPool } from "../../../src/kernels/threads/pool.ts";
import { spawnWorker } from "../../../src/kernels/threads/spawn.ts";

/**
 * The descriptor is the address of one i32 for each unit. Thread 0 gets scratch address SCRATCH, others higher ones.
 */
const SOURCE = `
const SCRATCH: usize = 65536;

/** Adds 1 to every unit's integer. */
export function mark(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  for (let unit = begin; unit < end; unit++) {
    const at = descriptor + (<usize>unit << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
}

/** Writes the scratch address to every unit's integer, after a little work. */
export function sign(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  for (let i = 0; i < 20000; i++) store<i32>(scratch, load<i32>(scratch) + i);
  for (let unit = begin; unit < end; unit++) store<i32>(descriptor + (<usize>unit << 2), <i32>scratch);
}

/** Traps where unit 0 is. */
export function trapOnFirst(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  if (begin == 0) unreachable();
}

/** Never ends on a worker; takes a little time on the main thread. */
export function hangOnWorker(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  do {
    for (let i = 0; i < 100000; i++) store<i32>(scratch, load<i32>(scratch) + i);
  } while (scratch != SCRATCH);
}
`;

/** Where thread 0 has its scratch memory. */
export const SCRATCH = 65536;
const SCRATCH_STRIDE = 128;
const FLAGS =
  "-O2 --noAssert --runtime stub --use abort= --importMemory --noExportMemory --initialMemory 2 " +
  "--sharedMemory --enable threads --maximumMemory 65536";

let compiled: Promise<WebAssembly.Module> | undefined;

function testModule(): Promise<WebAssembly.Module> {
  return compiled ??= compile();
}

async function compile(): Promise<WebAssembly.Module> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error } = await asc.main(["kernels.ts", "--outFile", "kernels.wasm", ...FLAGS.split(" ")], {
    readFile: (name) => name === "kernels.ts" ? SOURCE : null,
    writeFile: (_name, content) => {
      if (typeof content !== "string") binary = new Uint8Array(content);
    },
    listFiles: () => [],
  });
  assert.equal(error, null);
  return await WebAssembly.compile(binary!);
}

/** A pool on a memory of its own, with the test kernels. */
export async function startTestPool(options: Partial<PoolOptions> = {}) {
  const module = await testModule();
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true });
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = instance.exports as PoolOptions["kernels"];
  const pool = await WorkerPool.start({
    threads: 2,
    module,
    memory,
    kernels,
    spawn: spawnWorker,
    ...options,
  });
  return {
    pool,
    memory,
    /** Does a job whose descriptor is `at`, by default the start of the memory. */
    run: (kernel: string, units: number, at = 0, parts = pool.threads) =>
      pool.run({
        kernel,
        units,
        parts,
        descriptor: at,
        scratch: SCRATCH,
        scratchStride: SCRATCH_STRIDE,
        wake: true,
      }),
    /** What the kernels wrote. */
    integers: (count: number, at = 0) => [...new Int32Array(memory.buffer, at, count)],
  };
}
