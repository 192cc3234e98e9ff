/**
 * What one epoch is described by. Nothing here depends on the clock, so that the metrics of a resumed run are the
 * metrics of a run that was never interrupted; times are kept apart, in {@link EpochTiming}.
 *
 * @module
 */

/** One line of `metrics.jsonl`. */
export interface EpochMetrics {
  /** Counted from 1. */
  readonly epoch: number;
  /** Learning rate of the epoch's last step. */
  readonly learningRate: number;
  /** Mean loss over the epoch's steps, label smoothing and R-Drop included. */
  readonly trainingLoss: number;
  /** Share of the epoch's (augmented) training images classified right on the way. */
  readonly trainingAccuracy: number;
  /** Cross entropy on the validation images, without smoothing. Left out where there are none. */
  readonly validationLoss?: number;
  /** Share of the validation images classified right. Left out where there are none. */
  readonly validationAccuracy?: number;
}

/** The epoch of the highest validation accuracy, the first of equals; undefined where nothing was measured. */
export function bestEpoch(history: readonly EpochMetrics[]): EpochMetrics | undefined {
  const measured = history.filter(({ validationAccuracy }) => validationAccuracy !== undefined);
  if (measured.length === 0) return undefined;
  return measured.reduce((a, b) => b.validationAccuracy! > a.validationAccuracy! ? b : a);
}

/** One line of `timing.jsonl`. */
export interface EpochTiming {
  /** Counted from 1. */
  readonly epoch: number;
  /** Wall time of the training steps of the epoch. */
  readonly seconds: number;
  /** Training images per second. */
  readonly imagesPerSecond: number;
  /** Tensors in use after the epoch: the same number every time, or something leaks. */
  readonly tensors: number;
}
