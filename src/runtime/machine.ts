/**
 * The runtime on this machine, in Deno and Node.js: the best instruction set that there is, the compiled kernels for it, and
 * threads where memory can be shared.
 *
 * @module
 */
import { buildKernels } from "../kernels/build.ts";
import { detectInstructionSet, type InstructionSet } from "../kernels/instruction_set.ts";
import { threadsObstacle } from "../kernels/threads/obstacle.ts";
import { WorkerPool } from "../kernels/threads/pool.ts";
import { spawnWorker } from "../kernels/threads/spawn.ts";
import { RUNTIME_KERNELS } from "./kernel_operations.ts";
import { createRuntime, type Runtime } from "./runtime.ts";

/** What to use less than there is. */
export interface MachineOptions {
  /** "none" computes in plain JavaScript. */
  readonly instructionSet?: InstructionSet;
  /** How many, this one included: 1 unless it is given. */
  readonly threads?: number;
}

/**
 * The runtime on this machine.
 *
 * @throws {WorkError} when the kernels do not compile.
 * @example
 * ```ts
 * import { openRuntime } from "./machine.ts";
 * const value = { shape: [null, 3], dtype: "float32" };
 * const plan = await (await openRuntime()).compile({
 *   name: "relu",
 *   values: [value, value],
 *   inputs: [{ name: "x", value: 0 }],
 *   outputs: [1],
 *   operations: [{ op: "activation", name: "relu", inputs: [0], outputs: [1], activation: "relu" }],
 *   weights: new Map(),
 * }, { batch: 1 });
 * console.log(plan.run([new Float32Array([-1, 0, 2])])); // [ Float32Array(3) [ 0, 0, 2 ] ]
 * plan.dispose();
 * ```
 */
export async function openRuntime(options: MachineOptions = {}): Promise<Runtime> {
  const instructionSet = options.instructionSet ?? detectInstructionSet();
  if (instructionSet === "none") return createRuntime({ kernels: "javascript" });
  const threads = threadsObstacle() === undefined ? options.threads ?? 1 : 1;
  const binary = await buildKernels({ instructionSet, sharedMemory: threads > 1, only: RUNTIME_KERNELS });
  const kernels = await WebAssembly.compile(binary);
  if (threads === 1) return createRuntime({ kernels });
  return createRuntime({
    kernels,
    startThreads: (on) => WorkerPool.start({ ...on, threads, spawn: spawnWorker }),
  });
}
