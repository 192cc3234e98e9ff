/**
 * The numbers of a map as weights, rounded once to float32.
 *
 * @module
 */
import { computedWeight, type Weight } from "../graph/weights.ts";
import type { Affine } from "./affine.ts";
import { turnedKernel } from "./transposed.ts";

/** Kernel, bias where the map has one, and what rounding did. */
export interface RoundedWeights {
  /** [kh, kw, C / groups, K]; of a transposed convolution [kh, kw, K, C]. */
  readonly kernel: Weight;
  /** [K] */
  readonly bias: Weight | undefined;
  /** max |w − float32(w)| / max |w|, the larger one of kernel and bias. */
  readonly roundingError: number;
}

/** Computes the numbers of a map and rounds them. */
export function roundedWeights(map: Affine): RoundedWeights {
  const { kernel: computed, bias } = map.weights();
  const [rows, columns] = [map.axes[0].size, map.axes[1].size];
  const [inputs, outputs] = [map.inChannels / map.groups, map.outChannels];
  const isTransposed = map.spread !== undefined;
  const kernel = isTransposed ? turnedKernel(computed, rows * columns, inputs, outputs) : computed;
  const shape = [rows, columns, ...(isTransposed ? [outputs, inputs] : [inputs, outputs])];
  return {
    kernel: computedWeight(shape, new Float32Array(kernel)),
    bias: map.hasBias ? computedWeight([map.outChannels], new Float32Array(bias)) : undefined,
    roundingError: Math.max(roundingError(kernel), roundingError(bias)),
  };
}

function roundingError(values: Float64Array): number {
  let largest = 0;
  let error = 0;
  for (const value of values) {
    largest = Math.max(largest, Math.abs(value));
    error = Math.max(error, Math.abs(value - Math.fround(value)));
  }
  return largest === 0 ? 0 : error / largest;
}
