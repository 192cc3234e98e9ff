/**
 * What a plan costs: multiply-accumulates first, layers second.
 *
 * @module
 */

/** What it takes to compute a value. */
export interface Cost {
  readonly multiplyAccumulates: number;
  readonly layers: number;
}

/** Nothing. */
export const FREE: Cost = { multiplyAccumulates: 0, layers: 0 };

/** The cost of both. */
export function plus(a: Cost, b: Cost): Cost {
  return { multiplyAccumulates: a.multiplyAccumulates + b.multiplyAccumulates, layers: a.layers + b.layers };
}

/** The cost of `a` without `b`. */
export function minus(a: Cost, b: Cost): Cost {
  return { multiplyAccumulates: a.multiplyAccumulates - b.multiplyAccumulates, layers: a.layers - b.layers };
}

/** Whether `a` costs less than `b`: fewer multiply-accumulates, or as many in fewer layers. */
export function isLess(a: Cost, b: Cost): boolean {
  return a.multiplyAccumulates === b.multiplyAccumulates
    ? a.layers < b.layers
    : a.multiplyAccumulates < b.multiplyAccumulates;
}
