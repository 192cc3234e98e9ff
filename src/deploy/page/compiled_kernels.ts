/**
 * Stands in for the AssemblyScript compiler when a page is bundled: the kernels come compiled, with the page's data.
 *
 * @module
 */
import type { KernelTarget } from "../../kernels/build.ts";
import { inflate } from "../module/read.ts";

/** Compiled kernels: deflated, in base64, by instruction set. */
export type CompiledKernels = Readonly<Record<KernelTarget["instructionSet"], string>>;

let provided: { readonly ownMemory?: CompiledKernels; readonly sharedMemory?: CompiledKernels | undefined } =
  {};

/**
 * Hands in the kernels.
 *
 * @param sharedMemory Those for several threads, where there are to be any.
 */
export function provideKernels(ownMemory: CompiledKernels, sharedMemory?: CompiledKernels): void {
  provided = { ownMemory, sharedMemory };
}

/**
 * The compiled kernels.
 *
 * @throws {Error} when they were not handed in, or shared memory is asked for.
 */
export async function buildKernels({ instructionSet, sharedMemory }: KernelTarget): Promise<ArrayBuffer> {
  const kernels = (sharedMemory ? provided.sharedMemory : provided.ownMemory)?.[instructionSet];
  if (kernels === undefined) {
    throw new Error(`There are no kernels for ${instructionSet}${sharedMemory ? " in shared memory" : ""}`);
  }
  return await inflate(kernels);
}
