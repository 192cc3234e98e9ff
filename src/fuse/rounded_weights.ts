/**
 * The numbers of a map as weights, rounded once to float32, or to float16 where the network is in that.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { decodeHalves, encodeHalves, HALF_MAX } from "../graph/half_float.ts";
import { computedWeight, halfWeight, type Weight } from "../graph/weights.ts";
import type { Affine } from "./affine.ts";
import { turnedKernel } from "./transposed.ts";

/** Kernel, bias where the map has one, and what rounding did. */
export interface RoundedWeights {
  /** [kh, kw, C / groups, K]; of a transposed convolution [kh, kw, K, C]. */
  readonly kernel: Weight;
  /** [K] */
  readonly bias: Weight | undefined;
  /** max |w − rounded(w)| / max |w|, the larger one of kernel and bias. */
  readonly roundingError: number;
}

/**
 * Computes the numbers of a map and rounds them.
 *
 * @param isHalf Whether to float16.
 * @throws {InputError} when a number is too large for that.
 */
export function roundedWeights(map: Affine, isHalf = false): RoundedWeights {
  const { kernel: computed, bias } = map.weights();
  const [rows, columns] = [map.axes[0].size, map.axes[1].size];
  const [inputs, outputs] = [map.inChannels / map.groups, map.outChannels];
  const isTransposed = map.spread !== undefined;
  const kernel = isTransposed ? turnedKernel(computed, rows * columns, inputs, outputs) : computed;
  const shape = [rows, columns, ...(isTransposed ? [outputs, inputs] : [inputs, outputs])];
  return {
    kernel: rounded(shape, kernel),
    bias: map.hasBias ? rounded([map.outChannels], bias) : undefined,
    roundingError: Math.max(roundingError(kernel, isHalf), roundingError(bias, isHalf)),
  };

  function rounded(shape: readonly number[], values: Float64Array): Weight {
    const singles = new Float32Array(values);
    if (!isHalf) return computedWeight(shape, singles);
    const largest = singles.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (largest <= HALF_MAX) return halfWeight(shape, singles);
    throw new InputError(
      `Cannot fuse: a merged weight is ${largest}, and float16 ends at ${HALF_MAX}.`,
      "Fuse the network in float32, and convert the fused one.",
    );
  }
}

function roundingError(values: Float64Array, isHalf: boolean): number {
  const found = isHalf ? decodeHalves(encodeHalves(new Float32Array(values))) : undefined;
  let largest = 0;
  let error = 0;
  for (const [i, value] of values.entries()) {
    largest = Math.max(largest, Math.abs(value));
    error = Math.max(error, Math.abs(value - (found?.[i] ?? Math.fround(value))));
  }
  return largest === 0 ? 0 : error / largest;
}
