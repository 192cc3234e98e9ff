/**
 * Stages that fine-tuning leaves as they are: they run once, fused, over a few augmented views of every image, and what they
 * make of them is kept. The rest of the network trains on that ("How transferable are features in deep neural networks?",
 * Yosinski et al., NeurIPS 2014).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import { fuseModel } from "../model/fuse_model.ts";
import type { TrainingConfig } from "./config.ts";
import { cacheFeatures, featureExamples, type ViewOptions } from "./features.ts";
import { inferenceForward } from "./forward.ts";
import type { TrainedPart } from "./trained_part.ts";

/** What is frozen, and how the images go through it. */
export interface FreezeOptions extends ViewOptions {
  /** The last stage that stays as it is; the stem and the stages before it stay with it. At least 1. */
  readonly freeze: number;
}

/**
 * What stands behind the frozen stages, and its examples.
 *
 * @param model A network of `model/network.ts`, with the weights that its frozen stages keep.
 * @param dataset Images of the model's input size.
 * @throws {InputError} when the features take too much memory.
 */
export async function behindFrozenStages(
  model: tf.LayersModel,
  dataset: Dataset,
  config: TrainingConfig,
  { freeze, ...options }: FreezeOptions,
): Promise<TrainedPart> {
  const cut = outputOfStage(model, freeze);
  const trunk = tf.model({ inputs: model.inputs, outputs: cut });
  const { model: fused } = await fuseModel(trunk);
  const { train, validation } = dataset;
  try {
    const kept = await cacheFeatures(fused, dataset, config, options, `the frozen stages 1 to ${freeze}`);
    const forward = inferenceForward(cut, model.outputs[0]!);
    return {
      input: cut,
      trains: (weight) => !isFrozen(weight, freeze),
      logitsOf: (batch) => forward(batch) as tf.Tensor2D,
      train: featureExamples(kept.train, kept.shape, train),
      validation: validation && featureExamples([kept.validation!], kept.shape, validation),
    };
  } finally {
    fused.dispose();
  }
}

/** The number of the stage that a layer or a weight stands in: 0 for the stem; undefined for the head. */
function stageOf(name: string): number | undefined {
  const stage = /^stage(\d+)\//.exec(name)?.[1];
  return stage === undefined ? undefined : Number(stage);
}

/** Whether a layer or a weight stands in a frozen stage. */
function isFrozen(name: string, freeze: number): boolean {
  return (stageOf(name) ?? Infinity) <= freeze;
}

/** The one tensor that leaves a stage. */
function outputOfStage(model: tf.LayersModel, stage: number): tf.SymbolicTensor {
  const behind = model.layers.filter(({ name, inboundNodes }) =>
    !isFrozen(name, stage) && inboundNodes.some(({ inputTensors }) => inputTensors.length > 0)
  );
  const taken = behind.flatMap(({ inboundNodes }) => inboundNodes.flatMap(({ inputTensors }) => inputTensors))
    .filter(({ sourceLayer }) => isFrozen(sourceLayer.name, stage));
  return taken[0]!; // Stages stand in a row, so that all take the same.
}
