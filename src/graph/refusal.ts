/**
 * Why something cannot merge, in words that a person can act on. Readers give one for an operation that the algebra could
 * take if the file said it otherwise; the laws give one for two operations that do not combine exactly.
 *
 * @module
 */

/** What a merge can fail on. */
export type LawName =
  /** Parallel branches. */
  | "add"
  /** One map after another. */
  | "compose"
  | "batchNorm"
  /** A map behind tensors that are joined. */
  | "concatenate"
  | "averagePool"
  | "depthwise"
  /** Padding that depends on a size that is not fixed. */
  | "padding"
  /** Channels first, other axes than those of images, sequences and vectors, or weights that are no float32 numbers. */
  | "layout"
  /** A layer that is called in training mode. */
  | "inference"
  /** The merge would take more MACs. */
  | "cost"
  /** The tensor between is needed elsewhere. */
  | "oneReader";

/** Why a law does not hold for the operands. */
export interface Refusal {
  readonly kind: "refusal";
  readonly law: LawName;
  /** What is in the way, with the numbers. */
  readonly reason: string;
  /** What to change in the training network so that it would merge. */
  readonly advice: string;
}

/** A refusal of a law. */
export function refuse(law: LawName, reason: string, advice: string): Refusal {
  return { kind: "refusal", law, reason, advice };
}
