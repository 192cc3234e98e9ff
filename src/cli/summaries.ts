/**
 * The closing words of a task, and the objects behind `--json`, where more than one task needs them.
 *
 * @module
 */
import type { FusionRecord } from "../classify/fusion_record.ts";
import type { TwinComparison } from "../report/run_files.ts";
import { formatCount, formatShare } from "../text/quantities.ts";
import type { TrainingSummary } from "../run/training_run.ts";

/** One line on what training reached. */
export function renderTrainingSummary(
  { testAccuracy, epochs, keptEpoch, seconds, imagesPerSecond }: TrainingSummary,
): string {
  const kept = keptEpoch === epochs ? "" : `, those of epoch ${keptEpoch} kept`;
  const speed = imagesPerSecond > 0 ? `, ${imagesPerSecond.toFixed(0)} images/s` : "";
  return `Test accuracy ${(100 * testAccuracy).toFixed(2)}% after ${formatCount(epochs, "epoch")}${kept} (${
    seconds.toFixed(0)
  } s${speed}).`;
}

/** What the branches were good for, in one line. */
export function renderTwin({ plainAccuracy, fusedAccuracy }: TwinComparison): string {
  const gain = 100 * (fusedAccuracy - plainAccuracy);
  return `Trained plain ${formatShare(plainAccuracy)}, trained wide and fused to the same network ${
    formatShare(fusedAccuracy)
  }: ${gain < 0 ? "" : "+"}${gain.toFixed(2)} points.`;
}

/** What `repfuse fuse --json` prints. */
export interface FusionSummary {
  /** The run, or the model file, that was fused. */
  readonly run: string;
  /** Folder of the fused model. */
  readonly output: string;
  /** Largest difference of a logit, relative to the logits' scale. */
  readonly maxRelativeDifference: number;
  readonly changedPredictions: number;
  /** Images that were compared. */
  readonly images: number;
  readonly parametersBefore: number;
  readonly parametersAfter: number;
  readonly convolutionsBefore: number;
  readonly convolutionsAfter: number;
}

/** The part of a fusion record that scripts rely on. */
export function summarizeFusion(
  output: string,
  { source, proof, before, after }: FusionRecord,
): FusionSummary {
  return {
    run: source,
    output,
    maxRelativeDifference: proof.maxRelativeDifference,
    changedPredictions: proof.changedPredictions,
    images: proof.images,
    parametersBefore: before.parameters,
    parametersAfter: after.parameters,
    convolutionsBefore: before.convolutions,
    convolutionsAfter: after.convolutions,
  };
}
