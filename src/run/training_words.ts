/**
 * What a person is told while a network trains.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import { formatCount, formatDuration, formatShare } from "../text/quantities.ts";
import type { EpochMetrics, EpochTiming } from "../train/metrics.ts";
import type { AnyRunConfig } from "../train/run_config.ts";
import type { TrainingSession } from "../train/session.ts";
import { REPORT_FILE } from "./report_run.ts";
import type { RunDirectory } from "./run_directory.ts";

/** The network, the data and the length of a training, and where it goes on. */
export function describeStart(
  run: RunDirectory,
  config: AnyRunConfig,
  dataset: Dataset,
  model: tf.LayersModel,
  session: TrainingSession,
): string {
  const start = session.epoch === 0 && session.step === 0
    ? ""
    : `, going on after epoch ${session.epoch}${
      session.step === 0 ? "" : ` and ${formatCount(session.step, "step")}`
    }`;
  return `${config.preset} (${model.countParams().toLocaleString("en")} parameters) on ${dataset.name} ` +
    `(${describeImages(dataset)}), ${formatCount(config.training.epochs, "epoch")} of ${
      formatCount(session.stepsPerEpoch, "step")
    }${start}\nrun directory: ${run.path}; to watch: ${run.path}/${REPORT_FILE}`;
}

/** "7200 training, 800 validation and 2000 test images" */
function describeImages({ train, validation, test }: Dataset): string {
  const held = validation === undefined ? "" : `, ${validation.count} validation`;
  return `${train.count} training${held} and ${test.count} test images`;
}

/** Where a training stands, part by part. */
export function describeStep(
  session: TrainingSession,
  epochs: number,
  batchSize: number,
  imagesPerSecond: number,
): string[] {
  const { loss, accuracy } = session.running;
  const stepsLeft = (epochs - session.epoch) * session.stepsPerEpoch - session.step;
  return [
    `epoch ${session.epoch + 1}/${epochs}`,
    `step ${session.step}/${session.stepsPerEpoch}`,
    `loss ${loss.toFixed(3)}`,
    `accuracy ${formatShare(accuracy, 1)}`,
    `${imagesPerSecond.toFixed(0)} images/s`,
    `${formatDuration(stepsLeft * batchSize / imagesPerSecond)} left`,
  ];
}

/** What an epoch reached. */
export function describeEpoch(metrics: EpochMetrics, timing: EpochTiming, epochs: number): string {
  const left = (epochs - metrics.epoch) * timing.seconds;
  return `epoch ${metrics.epoch}/${epochs}  loss ${metrics.trainingLoss.toFixed(3)}  ` +
    `training ${formatShare(metrics.trainingAccuracy, 1)}  ` +
    (metrics.validationAccuracy === undefined
      ? ""
      : `validation ${formatShare(metrics.validationAccuracy, 1)}  `) +
    `${timing.imagesPerSecond.toFixed(0)} images/s` +
    (left > 0 ? `  ${formatDuration(left)} left` : "");
}
