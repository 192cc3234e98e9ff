/**
 * What a network costs in both forms, row by row, for a terminal and for a page alike.
 *
 * @module
 */

/** The figures of one form; `null` where they depend on a size that is not fixed. */
export interface Costs {
  readonly layers: number;
  readonly convolutions: number;
  readonly parameters: number;
  /** For one image. */
  readonly macs: number | null;
  readonly bytes: number;
}

/** The titles of the columns of {@link costRows}. */
export const COST_COLUMNS = ["", "training form", "fused form", "less"] as const;

const ROWS = [
  ["layers", "layers"],
  ["convolutions", "convolutions"],
  ["parameters", "parameters"],
  ["MACs", "macs"],
  ["bytes", "bytes"],
] as const satisfies readonly (readonly [string, keyof Costs])[];

/** One row for each figure. */
export function costRows(before: Costs, after: Costs): string[][] {
  return ROWS.map(([title, key]) => {
    const [from, to] = [before[key], after[key]];
    const less = from !== null && to !== null && to > 0 ? `${(from / to).toFixed(2)}x` : "-";
    return [title, figure(from), figure(to), less];
  });
}

function figure(value: number | null): string {
  return value === null ? "-" : value.toLocaleString("en");
}
