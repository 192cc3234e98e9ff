/**
 * Where the layers of one band stand in a picture: branches side by side, layers of a branch below one another, joins and
 * forks in the middle of what they hold together.
 *
 * @module
 */
import type { BandNode } from "../inspect/bands.ts";

/** Where one node stands. */
export interface Place {
  /** Row from the top, from 0. */
  readonly row: number;
  /** Column from the middle of the band: 0 is the middle, -0.5 half a column to the left. */
  readonly column: number;
}

/** The places of a band's nodes. */
export interface BranchLayout {
  readonly places: readonly Place[];
  readonly rows: number;
  /** Columns from the leftmost to the rightmost place, both included; may be a fraction. */
  readonly columns: number;
}

/**
 * Lays out a band. No two nodes of a row are nearer than one column.
 *
 * @param nodes In the order in which they compute.
 */
export function layOutBranches(nodes: readonly BandNode[]): BranchLayout {
  const rows: number[] = [];
  for (const { inputs } of nodes) rows.push(Math.max(-1, ...inputs.map((input) => rows[input]!)) + 1);
  const columns = columnsOf(nodes);
  spread(rows, columns);
  const [left, right] = [Math.min(0, ...columns), Math.max(0, ...columns)];
  const middle = (left + right) / 2;
  const ancestors = ancestorsOf(nodes);
  const places = nodes.map((_, i) => ({
    row: rows[i]!,
    column: holdsAll(nodes, ancestors, i) ? 0 : columns[i]! - middle,
  }));
  return { places, rows: Math.max(-1, ...rows) + 1, columns: right - left + 1 };
}

/** The column of every node: branches get one each, those that read the image itself first. */
function columnsOf(nodes: readonly BandNode[]): number[] {
  const readers = nodes.map((_, i) => nodes.filter(({ inputs }) => inputs.includes(i)).length);
  const isFork = (i: number) => readers[i]! > 1;
  const ownInputs = nodes.map(({ inputs }) => inputs.filter((input) => !isFork(input)));
  const heads = nodes.map((_, i) => i).filter((i) => !isFork(i) && ownInputs[i]!.length === 0)
    .sort((a, b) => Number(nodes[a]!.inputs.length > 0) - Number(nodes[b]!.inputs.length > 0) || a - b);
  const columns = nodes.map(() => NaN);
  heads.forEach((head, column) => columns[head] = column);
  nodes.forEach((_, i) => {
    if (ownInputs[i]!.length > 0) columns[i] = mean(ownInputs[i]!.map((input) => columns[input]!));
  });
  // A fork stands over its readers, which may themselves be forks: from the last to the first.
  for (let i = nodes.length - 1; i >= 0; i--) {
    if (!Number.isNaN(columns[i]!)) continue;
    const below = columns.filter((column, j) => nodes[j]!.inputs.includes(i) && !Number.isNaN(column));
    columns[i] = below.length === 0 ? 0 : mean(below);
  }
  return columns;
}

/** Moves nodes of one row apart that are nearer than one column. */
function spread(rows: readonly number[], columns: number[]): void {
  for (let row = 0; row <= Math.max(...rows); row++) {
    const members = rows.flatMap((other, i) => other === row ? [i] : []).sort((a, b) =>
      columns[a]! - columns[b]!
    );
    members.slice(1).forEach((member, k) => {
      columns[member] = Math.max(columns[member]!, columns[members[k]!]! + 1);
    });
  }
}

/** For every node, all nodes of the band that it depends on. */
function ancestorsOf(nodes: readonly BandNode[]): ReadonlySet<number>[] {
  const found: Set<number>[] = [];
  for (const { inputs } of nodes) found.push(new Set(inputs.flatMap((input) => [input, ...found[input]!])));
  return found;
}

/** Whether every way through the band leads through the node. */
function holdsAll(
  nodes: readonly BandNode[],
  ancestors: readonly ReadonlySet<number>[],
  index: number,
): boolean {
  return nodes.every(({ inputs, readsOutside }, i) =>
    i === index
      ? i === 0 || !readsOutside
      : i < index
      ? ancestors[index]!.has(i)
      : !readsOutside && ancestors[i]!.has(index) && inputs.every((input) => input >= index)
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
