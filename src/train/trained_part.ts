/**
 * The part of a network that a session trains: all of it, or what stands behind frozen stages.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import type { Normalization } from "../data/normalization.ts";
import type { TrainingConfig } from "./config.ts";
import { type Examples, imageExamples } from "./examples.ts";

/** Where the examples go in, and what they are. */
export interface TrainedPart {
  /** What the first layers that are trained take. */
  readonly input: tf.SymbolicTensor;
  /** Whether a weight belongs to it, by its name. */
  readonly trains: (weight: string) => boolean;
  /** Examples [batch, ...] to logits [batch, classes], in inference. */
  readonly logitsOf: (batch: tf.Tensor) => tf.Tensor2D;
  readonly train: Examples;
  readonly validation?: Examples | undefined;
}

/**
 * The whole network.
 *
 * @param normalization What it takes, where that is not our own.
 */
export function wholeNetwork(
  model: tf.LayersModel,
  dataset: Dataset,
  config: TrainingConfig,
  normalization?: Normalization,
): TrainedPart {
  const { shift, flip, minCrop, colorJitter, cutout } = config;
  const { train, validation } = dataset;
  return {
    input: model.inputs[0]!,
    trains: () => true,
    logitsOf: (batch) => model.predict(batch) as tf.Tensor2D,
    train: imageExamples(train, dataset, { shift, flip, minCrop, colorJitter, cutout, normalization }),
    validation: validation && imageExamples(validation, dataset, { normalization }),
  };
}
