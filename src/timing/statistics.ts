/**
 * The few statistics that a timing needs. Times are skewed to the right and have outliers, so medians and quantiles stand
 * where others use means, and the confidence interval is a bootstrap, which assumes no distribution.
 *
 * - Quantiles: definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50
 *   (1996): linear interpolation at position (n - 1)·p. It is the default of R and of NumPy.
 * - Interval: percentile bootstrap, Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3.
 *
 * @module
 */
import type { Random } from "../random.ts";

/** A figure and the interval that holds the true one with the stated confidence. */
export interface Estimate {
  /** The figure from the whole sample. */
  readonly ratio: number;
  /** The lower end of the interval. */
  readonly low: number;
  /** The upper end of the interval. */
  readonly high: number;
}

/** How sure an {@link Estimate} is. */
const CONFIDENCE = 0.95;

/** Resamples of the bootstrap: enough that the ends of a 95% interval no longer move in the third digit. */
const BOOTSTRAP_RESAMPLES = 2000;

/**
 * The p-quantile of a sample, by Hyndman and Fan's definition 7.
 *
 * @param values The sample, in any order; it is not changed.
 * @param p Between 0 (the smallest) and 1 (the largest).
 * @throws {RangeError} when the sample is empty, or p is outside [0, 1].
 * @example
 * ```ts
 * import { quantile } from "./statistics.ts";
 * console.log(quantile([1, 2, 4], 0.75)); // 3
 * ```
 */
export function quantile(values: ArrayLike<number>, p: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), p);
}

/** The 0.5-{@link quantile}: the middle value, or the mean of the two in the middle. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/**
 * How many times as long `slow` takes as `fast`: the median over i of slow[i] / fast[i], with its 95% confidence interval.
 *
 * Entries of one index were measured in the same round, so whatever slowed the machine in that round cancels in the
 * quotient. The bootstrap draws rounds, with replacement, and so keeps the pairs together. It takes rounds as
 * independent; a disturbance that lasts for many rounds makes the interval a little too narrow.
 *
 * @param slow Times of the baseline, one per round, ms.
 * @param fast Times of the contender in the same rounds, ms.
 * @param random Where the resamples come from: the same stream gives the same interval.
 * @throws {RangeError} when there is no round, the two differ in length, or a time is not above 0.
 */
export function pairedRatio(
  slow: ArrayLike<number>,
  fast: ArrayLike<number>,
  random: Random,
): Estimate {
  const count = slow.length;
  if (count !== fast.length) {
    throw new RangeError(`Cannot pair ${count} times with ${fast.length}: expected one of each per round`);
  }
  const ratios = Float64Array.from(slow, (time, round) => {
    const other = fast[round]!;
    if (!(time > 0 && other > 0)) {
      throw new RangeError(
        `Cannot compare ${time} ms with ${other} ms in round ${round}: expected times above 0`,
      );
    }
    return time / other;
  });
  const ratio = median(ratios);
  const resample = new Float64Array(count);
  const medians = new Float64Array(BOOTSTRAP_RESAMPLES);
  for (let i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
    for (let j = 0; j < count; j++) resample[j] = ratios[random.integer(count)]!;
    medians[i] = quantileOfSorted(resample.sort(), 0.5);
  }
  medians.sort();
  const tail = (1 - CONFIDENCE) / 2;
  return { ratio, low: quantileOfSorted(medians, tail), high: quantileOfSorted(medians, 1 - tail) };
}

function quantileOfSorted(sorted: Float64Array, p: number): number {
  if (sorted.length === 0) throw new RangeError("Cannot take a quantile of no values");
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot take the ${p}-quantile: expected p within [0, 1]`);
  const position = (sorted.length - 1) * p;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}
