/**
 * What launch code works with: a heap, something that runs the compiled kernels on it, and prepared weights.
 *
 * @module
 */
import type { Dispatcher } from "./dispatch.ts";
import type { Heap } from "./heap.ts";
import type { TransformedWeights } from "./transformed_weights.ts";

/** The same for every call of a kernel. */
export interface LaunchContext {
  /** Where the arrays lie. */
  readonly heap: Heap;
  /** Runs the compiled kernels. */
  readonly dispatcher: Dispatcher;
  /** Weights in the layouts of the kernels. */
  readonly weights: TransformedWeights;
}
