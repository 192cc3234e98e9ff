/**
 * New values of many variables in one run of a kernel of `assembly/update_variables.as`, which reads a table of them, cut
 * into pieces, so that threads share them evenly.
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { movingAverageWords, nesterovSgdWords, pieceWords } from "../descriptors.ts";
import { NS_PER_BYTE } from "../dispatch.ts";
import { type ArrayView, type Heap, HeapBlock, sizeOf } from "../heap.ts";

/** Floats of one piece. */
const PIECE_FLOATS = 4096;

/** Up to five arrays of one shape that are worked on together. */
export interface TableEntry {
  /** What each is, the kernel says. */
  readonly arrays: readonly ArrayView[];
  /** Whether the L2 decay applies. */
  readonly decays: boolean;
}

/** new = average + (value − average)·rate. The arrays of an entry: average, value, new. */
export function updateMovingAverages(
  context: LaunchContext,
  entries: readonly TableEntry[],
  rate: number,
): void {
  run(context, "movingAverage", entries, (table) => movingAverageWords({ table, rate }));
}

/** A step with Nesterov momentum. The arrays of an entry: weight, velocity, gradient, new weight, new velocity. */
export function updateNesterovSgd(
  context: LaunchContext,
  entries: readonly TableEntry[],
  numbers: { readonly learningRate: number; readonly momentum: number; readonly weightDecay: number },
): void {
  run(context, "nesterovSgd", entries, (table) => nesterovSgdWords({ table, ...numbers }));
}

function run(
  { heap, dispatcher }: LaunchContext,
  kernel: "movingAverage" | "nesterovSgd",
  entries: readonly TableEntry[],
  wordsOf: (table: number) => number[],
): void {
  const rows = entries.flatMap((entry) => rowsOf(heap, entry));
  const words = rows.flat();
  const table = new HeapBlock(heap, words.length * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(heap.memory.buffer, table.offset, words.length).set(words);
  const floats = entries.reduce(
    (sum, { arrays }) => sum + arrays.reduce((count, { shape }) => count + sizeOf(shape), 0),
    0,
  );
  const costNs = floats * Float32Array.BYTES_PER_ELEMENT * NS_PER_BYTE;
  dispatcher.run({ kernel, units: rows.length, words: wordsOf(table.offset), costNs });
  table.free();
}

function rowsOf(heap: Heap, { arrays, decays }: TableEntry): number[][] {
  const offsets = arrays.map(({ dataId }) => heap.addressOf(dataId));
  const size = sizeOf(arrays[0]!.shape);
  return Array.from({ length: Math.ceil(size / PIECE_FLOATS) }, (_, piece) => {
    const start = piece * PIECE_FLOATS;
    const address = (which: number) => (offsets[which] ?? 0) + start * Float32Array.BYTES_PER_ELEMENT;
    return pieceWords({
      count: Math.min(PIECE_FLOATS, size - start),
      decays: Number(decays),
      a: address(0),
      b: address(1),
      c: address(2),
      d: address(3),
      e: address(4),
    });
  });
}
