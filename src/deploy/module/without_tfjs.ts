/**
 * Stands in for TensorFlow.js when the module is bundled: `kernels/heap.ts` names two of its functions, in code that a
 * network with a heap of its own never reaches, and the bundler leaves out.
 *
 * @module
 */

/** There is no backend. */
export function getBackend(): string {
  return "none";
}

/** There is no backend. */
export function backend(): never {
  throw new Error("This module runs without TensorFlow.js");
}
