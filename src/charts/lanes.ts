/**
 * Lanes beside the network for lines that pass over other layers, so that no two of them run on top of one another.
 *
 * @module
 */

/** A line that passes by, from a height to a lower one. */
export interface Passage {
  /** px from the top. */
  readonly from: number;
  readonly to: number;
}

/**
 * The lane of every passage, 0 next to the network: the first in which it meets no other. Short ones come first, and so
 * stay inside.
 */
export function assignLanes(passages: readonly Passage[]): readonly number[] {
  const order = passages.map((_, i) => i).sort((a, b) =>
    length(passages[a]!) - length(passages[b]!) || a - b
  );
  const lanes = passages.map(() => 0);
  const taken: Passage[][] = [];
  for (const i of order) {
    const passage = passages[i]!;
    let lane = 0;
    while (taken[lane]?.some((other) => meet(other, passage))) lane++;
    (taken[lane] ??= []).push(passage);
    lanes[i] = lane;
  }
  return lanes;
}

function length({ from, to }: Passage): number {
  return Math.abs(to - from);
}

function meet(a: Passage, b: Passage): boolean {
  return Math.min(a.from, a.to) <= Math.max(b.from, b.to) && Math.min(b.from, b.to) <= Math.max(a.from, a.to);
}
