/**
 * Shapes that cover the edges of every tile, values to fill them with, and the measure of error.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { Random } from "../../src/random.ts";
import { type ConvolutionShape, outputSize } from "./reference.ts";

/** Channel counts: one, fewer than a vector, one off either side of a tile, several tiles. */
export const CHANNELS = [1, 3, 5, 7, 8, 9, 16, 31] as const;

/** Convolutions with a non-empty output. */
export function convolutionShapes(options: {
  readonly channels?: readonly number[];
  readonly outChannels?: readonly number[];
  readonly filters?: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly maxSize?: number;
  readonly maxBatch?: number;
} = {}): fc.Arbitrary<ConvolutionShape> {
  const channels = options.channels ?? CHANNELS;
  const filter = fc.constantFrom(...(options.filters ?? [1, 2, 3, 5]));
  const stride = fc.constantFrom(...(options.strides ?? [1, 2, 3]));
  const dilation = fc.constantFrom(...(options.dilations ?? [1]));
  const size = fc.integer({ min: 1, max: options.maxSize ?? 11 });
  const padding = fc.integer({ min: 0, max: 3 });
  return fc.record({
    batch: fc.integer({ min: 1, max: options.maxBatch ?? 3 }),
    height: size,
    width: size,
    inChannels: fc.constantFrom(...channels),
    outChannels: fc.constantFrom(...(options.outChannels ?? channels)),
    filterHeight: filter,
    filterWidth: filter,
    stride: fc.tuple(stride, stride),
    dilation: fc.tuple(dilation, dilation),
    padding: fc.tuple(padding, padding, padding, padding),
  }).filter((shape) => outputSize(shape).every((size) => size > 0));
}

/** Normal numbers, the same for the same seed. */
export function normals(count: number, seed: number): Float32Array {
  const random = Random.from(seed, "values", count);
  return Float32Array.from({ length: count }, () => random.normal());
}

/** The padding of a shape, as the `pad` attribute of tfjs. */
export function explicitPadding(shape: ConvolutionShape): tf.backend_util.ExplicitPadding {
  const [top, bottom, left, right] = shape.padding;
  return [[0, 0], [top, bottom], [left, right], [0, 0]];
}

/** The largest magnitude among the values, or 1 when all are zero. */
export function scaleOf(values: Float64Array): number {
  return values.reduce((scale, value) => Math.max(scale, Math.abs(value)), 0) || 1;
}

/**
 * Asserts that no element is off by more than `tolerance` of the scale.
 *
 * @param scale The largest magnitude that the sums reach before anything is cut off.
 * @returns the largest relative error.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: Float64Array,
  tolerance: number,
  scale = scaleOf(expected),
): number {
  assert.equal(actual.length, expected.length);
  let worst = 0;
  let where = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / scale;
    if (!(error <= worst)) {
      worst = error;
      where = i;
      if (Number.isNaN(error)) break;
    }
  }
  assert.ok(
    worst <= tolerance,
    `element ${where} is ${actual[where]}, expected ${expected[where]}: ` +
      `off by ${worst} of the scale ${scale}, allowed ${tolerance}`,
  );
  return worst;
}
