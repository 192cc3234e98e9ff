/**
 * Where values lie in one arena: two values share memory when neither is needed while the other is. The greedy first fit
 * over the order of computation, as Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference" (2020),
 * have it.
 *
 * @module
 */

/** Numbers by which places are rounded up, so that each starts at a cache line and vectors may be read past its end. */
const GRAIN = 16;

/** One value. Times count the operations: one that is made by operation i is made at i. */
export interface Lifetime {
  /** How many numbers. */
  readonly size: number;
  /** When it is made; -1 for what is there before all operations. */
  readonly made: number;
  /** When it is read last; Infinity for what is kept. */
  readonly read: number;
}

/** Places in numbers, not bytes. */
export interface Placement {
  /** Where each value starts. */
  readonly offsets: readonly number[];
  /** Length of the whole arena. */
  readonly length: number;
  /** How many values are needed at once, at most. */
  readonly mostAtOnce: number;
}

/** Places values, which are given in the order in which they are made. */
export function placeValues(values: readonly Lifetime[]): Placement {
  let mostAtOnce = 0;
  const placed: { start: number; end: number; value: Lifetime }[] = [];
  for (const value of values) {
    const size = (Math.ceil(value.size / GRAIN) + 1) * GRAIN;
    const alive = placed.filter((other) => other.value.read >= value.made).sort((a, b) => a.start - b.start);
    mostAtOnce = Math.max(mostAtOnce, alive.length + 1);
    let start = 0;
    for (const other of alive) {
      if (start + size <= other.start) break;
      start = Math.max(start, other.end);
    }
    placed.push({ start, end: start + size, value });
  }
  return {
    offsets: placed.map(({ start }) => start),
    length: placed.reduce((length, { end }) => Math.max(length, end), 0),
    mostAtOnce,
  };
}
