/**
 * Plain float64 BatchNorm over the last axis and its gradient, straight from the definition.
 *
 * @module
 */

import { assertClose } from "./arbitrary.ts";

/**
 * Asserts closeness of sums, whose error is relative to what was added, not to what is left of it.
 *
 * @param terms Largest magnitude of a term.
 */
export function assertCloseSums(
  actual: ArrayLike<number>,
  expected: Float64Array,
  terms: number,
  tolerance: number,
): void {
  assertClose([...Array.from(actual), terms], Float64Array.from([...expected, terms]), tolerance);
}

/** The largest magnitude. */
export function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** The largest magnitude of γ·dy/√(σ² + ε): of the terms of dx. */
export function largestTerm(
  gamma: ArrayLike<number>,
  dy: ArrayLike<number>,
  variance: ArrayLike<number>,
  epsilon: number,
): number {
  const scales = Array.from(gamma, (value, c) => Math.abs(value) / Math.sqrt(variance[c]! + epsilon));
  return largest(scales) * largest(dy);
}

/** A float64 result of the forward pass. */
export interface Normalized {
  readonly y: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** μ and σ² of each channel of x [rows, channels]. */
function moments(x: ArrayLike<number>, channels: number): { mean: Float64Array; variance: Float64Array } {
  const rows = x.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let i = 0; i < x.length; i++) mean[i % channels]! += x[i]! / rows;
  for (let i = 0; i < x.length; i++) variance[i % channels]! += (x[i]! - mean[i % channels]!) ** 2 / rows;
  return { mean, variance };
}

/** y = γ·(x − μ)/√(σ² + ε) + β with given statistics. */
export function normalize(
  x: ArrayLike<number>,
  mean: ArrayLike<number>,
  variance: ArrayLike<number>,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  epsilon: number,
): Float64Array {
  return Float64Array.from(x, (value, i) => {
    const c = i % mean.length;
    return gamma[c]! * (value - mean[c]!) / Math.sqrt(variance[c]! + epsilon) + beta[c]!;
  });
}

/** BatchNorm with the statistics of the batch. */
export function batchNorm(
  x: ArrayLike<number>,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  epsilon: number,
): Normalized {
  const { mean, variance } = moments(x, gamma.length);
  return { y: normalize(x, mean, variance, gamma, beta, epsilon), mean, variance };
}

/** Gradients of Σ dy·y by x, γ and β. */
export function batchNormGradient(
  dy: ArrayLike<number>,
  x: ArrayLike<number>,
  gamma: ArrayLike<number>,
  epsilon: number,
): { dx: Float64Array; dgamma: Float64Array; dbeta: Float64Array } {
  const channels = gamma.length;
  const rows = x.length / channels;
  const { mean, variance } = moments(x, channels);
  const inverse = variance.map((value) => 1 / Math.sqrt(value + epsilon));
  const normalized = Float64Array.from(x, (v, i) => (v - mean[i % channels]!) * inverse[i % channels]!);
  const dgamma = new Float64Array(channels);
  const dbeta = new Float64Array(channels);
  for (let i = 0; i < x.length; i++) {
    dbeta[i % channels]! += dy[i]!;
    dgamma[i % channels]! += dy[i]! * normalized[i]!;
  }
  const dx = normalized.map((value, i) => {
    const c = i % channels;
    return gamma[c]! * inverse[c]! * (dy[i]! - dbeta[c]! / rows - value * dgamma[c]! / rows);
  });
  return { dx, dgamma, dbeta };
}
