/**
 * What is read off the numbers that a classifier gives for one image: softmax, and the largest. The one place for both.
 *
 * @module
 */

/** softmax(x)ᵢ = exp(xᵢ − max x) / Σ exp(xⱼ − max x), float64. */
export function softmax(x: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const powers = Float64Array.from(x);
  const most = powers[largestIndex(x)] ?? 0;
  let sum = 0;
  for (let i = 0; i < powers.length; i++) sum += powers[i] = Math.exp(powers[i]! - most);
  return powers.map((power) => power / sum);
}

/** ln Σ exp xᵢ, without overflow. */
export function logSumExp(x: ArrayLike<number>): number {
  const most = x[largestIndex(x)] ?? -Infinity;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.exp(x[i]! - most);
  return most + Math.log(sum);
}

/** Index of the largest of `length` values from `start` on, counted from there; the first of several. */
export function largestIndex(values: ArrayLike<number>, start = 0, length = values.length): number {
  let best = 0;
  for (let i = 1; i < length; i++) if (values[start + i]! > values[start + best]!) best = i;
  return best;
}
