/**
 * The mean of a few numbers and its 95% confidence interval by Student's t ("The Probable Error of a Mean", Biometrika 1908):
 *
 *     mean ± t(n − 1) · s / √n
 *
 * Over differences paired by seed it says whether one training form beats another: what a seed does to both cancels.
 *
 * @module
 */
import { spreadOf } from "./spread.ts";

/** A mean, and where the true one is with 95% confidence. */
export interface Interval {
  readonly mean: number;
  /** Null for a single value, which says nothing about how far others would be. */
  readonly low: number | null;
  readonly high: number | null;
  /** How many values it is of. */
  readonly count: number;
}

/** The 97.5% quantiles of Student's t for 1, 2, 3, ... degrees of freedom. */
const QUANTILES = [
  ...[12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281],
  ...[2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086],
  ...[2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423],
];

/** The same of the normal distribution, which t comes to. */
const NORMAL = 1.959964;

/**
 * The mean of at least one value, and its interval.
 *
 * @example
 * ```ts
 * import { intervalOf } from "./student.ts";
 * const { mean, low } = intervalOf([1, 2, 3]);
 * console.log(mean, low?.toFixed(2)); // 2 "-0.48"
 * ```
 */
export function intervalOf(values: readonly number[]): Interval {
  const count = values.length;
  const { mean, deviation } = spreadOf(values);
  if (count < 2) return { mean, low: null, high: null, count };
  const reach = quantile(count - 1) * deviation / Math.sqrt(count);
  return { mean, low: mean - reach, high: mean + reach, count };
}

/** Above 30 degrees of freedom by the first terms of Cornish and Fisher's expansion, right to four digits there. */
function quantile(freedom: number): number {
  const z = NORMAL;
  return QUANTILES[freedom - 1] ??
    z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}
