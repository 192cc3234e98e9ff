/**
 * What a training session is between two steps.
 *
 * @module
 */
import type { EpochMetrics } from "./metrics.ts";

/** A tensor outside tfjs. */
export interface StoredTensor {
  /** Its dimensions. */
  readonly shape: readonly number[];
  /** Its values, row-major. */
  readonly values: Float32Array;
}

/** Everything that the rest of a run depends on, besides its configuration and data. */
export interface SessionState {
  /** Metrics of the finished epochs. */
  readonly history: readonly EpochMetrics[];
  /** Steps done in the running epoch. */
  readonly step: number;
  /** Sum of the losses over those steps. */
  readonly lossSum: number;
  /** Images classified right in those steps. */
  readonly correct: number;
  /** Generator state before the running epoch's order was drawn. */
  readonly epochRandom: readonly number[];
  /** Generator state now. */
  readonly random: readonly number[];
  /** `weights/<name>` (running statistics included), `momentum/<name>`, `average/<name>`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}
