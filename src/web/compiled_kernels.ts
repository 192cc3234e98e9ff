/**
 * Stands in for the AssemblyScript compiler when a page is bundled: the kernels come compiled, with the page's data.
 *
 * @module
 */
import type { KernelTarget } from "../kernels/build.ts";
import { inflate } from "../module/read.ts";

let provided: Readonly<Record<string, string>> = {};

/** Hands in the kernels: deflated, in base64, by instruction set. */
export function provideKernels(kernels: Readonly<Record<KernelTarget["instructionSet"], string>>): void {
  provided = kernels;
}

/**
 * The compiled kernels.
 *
 * @throws {Error} when they were not handed in, or shared memory is asked for.
 */
export async function buildKernels({ instructionSet, sharedMemory }: KernelTarget): Promise<ArrayBuffer> {
  const kernels = provided[instructionSet];
  if (kernels === undefined || sharedMemory) {
    throw new Error(`There are no kernels for ${instructionSet}${sharedMemory ? " in shared memory" : ""}`);
  }
  return await inflate(kernels);
}
