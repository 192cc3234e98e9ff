/**
 * How much of the distance between two forms is rounding: both are held against float64.
 *
 * Two forms of a network round differently, and a deep one carries that on: RepVGG-B1g2 with random statistics is 1.2e-4
 * away from its own fused form where nothing is wrong, while a kernel that is wrong by a thousandth may move an output by
 * less. So no one number tells a fault from rounding. Where both forms are about as far from float64 as from each other, the
 * distance is rounding; where one of them is much nearer, the other is wrong.
 *
 * @module
 */
import type { PlainArray } from "../runtime/reference.ts";

/** How far the forms are from float64, relative to a scale. */
export interface Rounding {
  /** Of the training form. */
  readonly training: number;
  /** Of the fused form. */
  readonly fused: number;
  /** What cancellation explains of it, where the forms are far apart. */
  readonly cancellation?: number;
}

/**
 * So many times as far as from float64 may the forms be from each other. The forms are compared everywhere, and with
 * float64 in some places: the largest distance is the larger where more is looked at.
 */
const MULTIPLE = 16;

/** The roundings of a sum add up: so many times what one rounding of every term does. */
const SUMMED = 4;

/**
 * What a section may differ by in any case. One that was made may be the first to go through Winograd's transforms, which
 * round this much; one that was kept is the same operation on the same numbers.
 */
const SECTION_FLOOR = { made: 3e-5, kept: 2e-6 } as const;

/** How far apart the forms may be in a section at most, and at the outputs in any case, relative to the scale. */
export const EQUIVALENCE_TOLERANCE = 1e-4;

/**
 * The same for networks in float16, whose numbers are 2 ** -11 of themselves apart: every weight that was made is rounded to
 * that, and so is every tensor.
 */
const HALF = { floor: 4 * 2 ** -11, most: 32 * 2 ** -11 } as const;

/** The bar of a section. */
export function allowedInSection(
  rounding: Rounding | undefined,
  { isKept }: { readonly isKept: boolean },
  isHalf = false,
): number {
  const most = isHalf ? HALF.most : EQUIVALENCE_TOLERANCE;
  if (rounding === undefined) return most;
  // onnxruntime computes in float32, and rounds to float16 where one kernel ends: also what was kept may end elsewhere.
  const floor = isHalf ? HALF.floor : isKept ? SECTION_FLOOR.kept : SECTION_FLOOR.made;
  return Math.min(most, Math.max(floor, explained(rounding)));
}

/** The bar of an output, behind the rounding of the whole network. */
export function allowedAtOutput(rounding: Rounding | undefined, isHalf = false): number {
  const least = isHalf ? HALF.most : EQUIVALENCE_TOLERANCE;
  return rounding === undefined ? least : Math.max(least, explained(rounding));
}

function explained({ training, fused, cancellation = 0 }: Rounding): number {
  return Math.max(MULTIPLE * Math.min(training, fused), SUMMED * cancellation);
}

/** Gathers the distances of one tensor from float64. */
export class RoundingMeasure {
  private training = 0;
  private fused = 0;
  private cancellation = 0;
  private isMeasured = false;

  /** Takes a tensor in, or a part of it. */
  update(exact: PlainArray, training: PlainArray, fused: PlainArray): void {
    this.isMeasured = true;
    for (let i = 0; i < exact.data.length; i++) {
      this.training = Math.max(this.training, Math.abs(training.data[i]! - exact.data[i]!));
      this.fused = Math.max(this.fused, Math.abs(fused.data[i]! - exact.data[i]!));
    }
  }

  /** Takes in what cancellation explains at one place. */
  addCancellation(lost: number): void {
    this.cancellation = Math.max(this.cancellation, lost);
  }

  /** What was gathered, relative to a scale; nothing where nothing was. */
  result(scale: number): Rounding | undefined {
    if (!this.isMeasured || !(scale > 0)) return undefined;
    return {
      training: this.training / scale,
      fused: this.fused / scale,
      ...(this.cancellation === 0 ? {} : { cancellation: this.cancellation / scale }),
    };
  }
}
