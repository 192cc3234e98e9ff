/**
 * Stands in for the AssemblyScript compiler when the module is bundled: what is exported carries compiled kernels.
 *
 * @module
 */

/** Never called. */
export function buildKernels(): never {
  throw new Error("This module carries its kernels compiled");
}
