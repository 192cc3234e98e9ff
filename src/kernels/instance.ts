/**
 * The compiled kernels as an instance that works in the memory of a heap: build and instantiation.
 *
 * @module
 */
import { buildKernels, type KernelTarget } from "./build.ts";
import { isShared } from "./heap.ts";

/**
 * A kernel that owns part of a loop: it does the units `begin` to `end` (exclusive) of the work that the descriptor
 * describes, and may use the scratch memory as it likes. Two calls with ranges that do not meet may run at the same
 * time on two threads, each with scratch memory of its own.
 *
 * @param descriptor Byte offset of the kernel's arguments, four bytes each, in the order of its `@unmanaged` class.
 */
export type RangeKernel = (descriptor: number, begin: number, end: number, scratch: number) => void;

/** The exports of `assembly/*.as`, by name. All are range kernels. */
export type KernelName = string;

/** The compiled kernels, and an instance of them for the main thread. */
export interface LoadedKernels {
  /** What other threads instantiate. */
  readonly module: WebAssembly.Module;
  /** The kernels by name. */
  readonly exports: Readonly<Record<KernelName, RangeKernel>>;
}

/**
 * Compiles the kernels and instantiates them on a memory.
 *
 * @param instructionSet What `detectInstructionSet` found, or less.
 * @throws {WorkError} when the sources do not compile.
 */
export async function instantiateKernels(
  memory: WebAssembly.Memory,
  instructionSet: KernelTarget["instructionSet"],
): Promise<LoadedKernels> {
  const sharedMemory = isShared(memory);
  const module = await WebAssembly.compile(await buildKernels({ instructionSet, sharedMemory }));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { module, exports: instance.exports as Record<KernelName, RangeKernel> };
}
