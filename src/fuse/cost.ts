/**
 * What a plan costs: MACs first, layers second.
 *
 * @module
 */

/** What it takes to compute a value. */
export interface Cost {
  readonly macs: number;
  readonly layers: number;
}

/** Nothing. */
export const FREE: Cost = { macs: 0, layers: 0 };

/** The cost of both. */
export function plus(a: Cost, b: Cost): Cost {
  return { macs: a.macs + b.macs, layers: a.layers + b.layers };
}

/** The cost of `a` without `b`. */
export function minus(a: Cost, b: Cost): Cost {
  return { macs: a.macs - b.macs, layers: a.layers - b.layers };
}

/** Whether `a` costs less than `b`: fewer MACs, or as many in fewer layers. */
export function isLess(a: Cost, b: Cost): boolean {
  return a.macs === b.macs ? a.layers < b.layers : a.macs < b.macs;
}
