/**
 * How far values lie apart.
 *
 * @module
 */

/** Mean and sample standard deviation. */
export interface Spread {
  readonly mean: number;
  /** 0 for a single value. */
  readonly deviation: number;
}

/** Mean and sample standard deviation of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
