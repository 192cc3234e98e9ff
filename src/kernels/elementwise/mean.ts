/**
 * Means over neighbouring axes, and their gradient. Axes before the averaged ones are one outer axis to the kernels, those
 * behind are the channels: [outer, rows, channels].
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { meanWords } from "../descriptors.ts";
import { NS_PER_BYTE, type Work } from "../dispatch.ts";
import { type ArrayView, sizeOf } from "../heap.ts";

/** A shape in three axes, of which the middle one is averaged over. */
export interface Split {
  readonly outer: number;
  readonly rows: number;
  readonly channels: number;
}

/** narrow = the means of wide, or wide = narrow / rows in every row. */
export function meanWork(
  { heap }: LaunchContext,
  kernel: "meanRows" | "spreadRows",
  { outer, rows, channels }: Split,
  wide: ArrayView,
  narrow: ArrayView,
): Work {
  return {
    kernel,
    units: outer,
    costNs: sizeOf(wide.shape) * Float32Array.BYTES_PER_ELEMENT * NS_PER_BYTE,
    words: meanWords({
      wide: heap.addressOf(wide.dataId),
      narrow: heap.addressOf(narrow.dataId),
      rows,
      channels,
    }),
  };
}
