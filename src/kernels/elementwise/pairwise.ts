/**
 * Operations on two arrays of the same shape, float by float.
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { elementwiseWords } from "../descriptors.ts";
import { NS_PER_BYTE, type Work } from "../dispatch.ts";
import { type ArrayView, sizeOf } from "../heap.ts";

/** Floats of a unit; the same number as in assembly/elementwise.as. */
const PIECE_FLOATS = 8192;

/** out = a + b, or the gradient of ReLU from its output a and from b = dy. All of one shape, not empty. */
export function pairwise(
  { heap }: LaunchContext,
  kernel: "addTensors" | "reluGradient",
  a: ArrayView,
  b: ArrayView,
  out: ArrayView,
): Work {
  const size = sizeOf(a.shape);
  return {
    kernel,
    units: Math.ceil(size / PIECE_FLOATS),
    costNs: 3 * size * Float32Array.BYTES_PER_ELEMENT * NS_PER_BYTE,
    splitsFreely: true,
    words: elementwiseWords({
      a: heap.addressOf(a.dataId),
      b: heap.addressOf(b.dataId),
      out: heap.addressOf(out.dataId),
      size,
    }),
  };
}
