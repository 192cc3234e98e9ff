/**
 * The gate before any timing: two networks that do not compute the same function have no speedup.
 *
 * @module
 */
import { GateError } from "../errors.ts";
import { formatDifference } from "../text/quantities.ts";
import type { Engine, InputBatch } from "./engine.ts";

/** Images with a name for messages: "random images". */
export interface NamedBatch {
  /** What a message calls them, in the plural. */
  readonly name: string;
  /** The images. */
  readonly batch: InputBatch;
}

/** The largest difference that is let through, as a share of the largest output. */
export const DEFAULT_TOLERANCE = 1e-4;

/**
 * Runs all engines on the same images and compares each with the first.
 *
 * @param engines The baseline and the others. They are left with the last images prepared.
 * @param inputs What they run on.
 * @param tolerance The bar for {@link relativeDifference}.
 * @param leastScale As {@link relativeDifference} has it.
 * @returns The largest relative difference that was met.
 * @throws {GateError} when one is above the tolerance, or is not a number.
 */
export async function requireSameOutputs(
  engines: readonly Engine[],
  inputs: readonly NamedBatch[],
  tolerance: number,
  leastScale = 0,
): Promise<number> {
  const [baseline, ...others] = engines;
  if (baseline === undefined) return 0;
  let largest = 0;
  for (const { name, batch } of inputs) {
    const expected = (await outputOf(baseline, batch)).slice();
    for (const other of others) {
      const difference = relativeDifference(expected, await outputOf(other, batch), leastScale);
      if (!(difference <= tolerance)) {
        throw new GateError(
          `The ${other.name} form does not compute what the ${baseline.name} form does: on ${
            batch.shape[0]
          } ${name} ` +
            `the outputs differ by ${
              formatDifference(difference)
            } of their scale, at most ${tolerance} is allowed. ` +
            "There is no speedup to report.",
          "Fuse the run again, which says where the two forms part: repfuse fuse",
        );
      }
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}

/**
 * max |a - b| / max |a|, with `a` the reference; 0 where the two are equal.
 *
 * @param leastScale Stands for max |a| where that is less: 1 for what comes from a sigmoid.
 * @returns NaN when a value is not finite, and Infinity when the lengths differ or only the reference is all zeros: both
 *   are above every tolerance.
 */
export function relativeDifference(reference: Float32Array, other: Float32Array, leastScale = 0): number {
  if (reference.length !== other.length) return Infinity;
  let difference = 0;
  let scale = leastScale;
  for (let i = 0; i < reference.length; i++) {
    const a = reference[i]!;
    const b = other[i]!;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return NaN;
    difference = Math.max(difference, Math.abs(a - b));
    scale = Math.max(scale, Math.abs(a));
  }
  return difference === 0 ? 0 : difference / scale;
}

async function outputOf(engine: Engine, batch: InputBatch): Promise<Float32Array> {
  await engine.prepare(batch);
  await engine.run();
  return engine.output();
}
