/**
 * Transposed convolutions as convolutions over a grid on which the input's pixels lie a stride apart, with zeros between: so
 * the laws of convolutions hold for them, too. Kernels are turned around: what is written at tap i is read from tap
 * `size − 1 − i`.
 *
 * Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, section 4.
 *
 * @module
 */
import { type Axes, type Axis, extent } from "../graph/axis.ts";
import type { Affine } from "./affine.ts";

/** The map of a transposed convolution, by the axes of the convolution that it is the transpose of. */
export function spreadAxes(axes: Axes): Pick<Affine, "axes" | "spread"> {
  const [down, across] = axes.map(({ stride }) => stride) as [number, number];
  return { axes: [turnedAxis(axes[0], 1), turnedAxis(axes[1], 1)], spread: [down, across] };
}

/** The other way round. */
export function scatterAxes({ axes, spread = [1, 1] }: Pick<Affine, "axes" | "spread">): Axes {
  return [turnedAxis(axes[0], spread[0]), turnedAxis(axes[1], spread[1])];
}

function turnedAxis(axis: Axis, stride: number): Axis {
  const reach = extent(axis) - 1;
  return { ...axis, stride, before: reach - axis.before, after: reach - axis.after };
}

/** A kernel [taps, A, B] with its taps from the last to the first, as [taps, B, A]. */
export function turnedKernel<T extends Float32Array | Float64Array>(
  kernel: T,
  taps: number,
  rows: number,
  columns: number,
): T {
  const result = kernel.slice() as T;
  for (let tap = 0, at = 0; tap < taps; tap++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at++) {
        result[((taps - 1 - tap) * columns + column) * rows + row] = kernel[at]!;
      }
    }
  }
  return result;
}
