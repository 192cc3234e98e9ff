/**
 * Stands in for the AssemblyScript compiler when a contest is bundled: the kernels come compiled, with the contest's data.
 *
 * @module
 */
import { type EmbeddedKernels, unpackKernels } from "../../deploy/module/embedded_kernels.ts";
import type { KernelTarget } from "../../kernels/build.ts";

let provided: { readonly ownMemory?: EmbeddedKernels; readonly sharedMemory?: EmbeddedKernels | undefined } =
  {};

/**
 * Hands in the kernels.
 *
 * @param sharedMemory Those for several threads, where there are to be any.
 */
export function provideKernels(ownMemory: EmbeddedKernels, sharedMemory?: EmbeddedKernels): void {
  provided = { ownMemory, sharedMemory };
}

/**
 * The compiled kernels.
 *
 * @throws {Error} when they were not handed in, or shared memory is asked for.
 */
export async function buildKernels({ instructionSet, sharedMemory }: KernelTarget): Promise<ArrayBuffer> {
  const kernels = sharedMemory ? provided.sharedMemory : provided.ownMemory;
  if (kernels === undefined) {
    throw new Error(`There are no kernels for ${instructionSet}${sharedMemory ? " in shared memory" : ""}`);
  }
  return await unpackKernels(instructionSet, kernels);
}
