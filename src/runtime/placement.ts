/**
 * Where the values of a program lie in one arena: two values share memory when neither is needed while the other is. The
 * greedy first fit over the order of computation, as Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
 * Inference" (2020), have it.
 *
 * @module
 */
import { type Program, sizeOf } from "./program.ts";

/** Numbers by which places are rounded up, so that each starts at a cache line and vectors may be read past its end. */
const GRAIN = 16;

/** Places in numbers, not bytes. */
export interface Placement {
  /** Where each value starts. */
  readonly offsets: readonly number[];
  /** Length of the whole arena. */
  readonly length: number;
}

/** Places the image and the values of all steps for a batch. */
export function placeValues(program: Program, batch: number): Placement {
  const sizes = [program.inputShape, ...program.steps.map((step) => step.shape)].map((shape) => {
    return (Math.ceil(batch * sizeOf(shape) / GRAIN) + 1) * GRAIN;
  });
  const lastRead = sizes.map((_, value) => value);
  program.steps.forEach((step, i) => step.inputs.forEach((input) => lastRead[input] = i + 1));
  lastRead[program.output] = sizes.length;
  // The image is kept, so that a run can be repeated.
  lastRead[0] = sizes.length;

  const offsets: number[] = [];
  for (const [value, size] of sizes.entries()) {
    const alive = offsets
      .map((offset, other) => ({ offset, end: offset + sizes[other]!, until: lastRead[other]! }))
      .filter(({ until }) => until >= value)
      .sort((a, b) => a.offset - b.offset);
    let start = 0;
    for (const { offset, end } of alive) {
      if (start + size <= offset) break;
      start = Math.max(start, end);
    }
    offsets.push(start);
  }
  return { offsets, length: Math.max(...offsets.map((offset, value) => offset + sizes[value]!)) };
}
