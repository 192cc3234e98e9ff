/**
 * Stages that fine-tuning leaves as they are: they run once, fused, over a few augmented views of every image, and what they
 * make of them is kept. The rest of the network trains on that ("How transferable are features in deep neural networks?",
 * Yosinski et al., NeurIPS 2014).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Dataset, Split } from "../data/dataset.ts";
import type { Normalization } from "../data/normalization.ts";
import { augments } from "../data/augment/augmentation.ts";
import { InputError } from "../errors.ts";
import { fuseModel } from "../model/fuse_model.ts";
import { letEventsIn } from "../progress.ts";
import { Random } from "../random.ts";
import { formatCount } from "../text/quantities.ts";
import type { TrainingConfig } from "./config.ts";
import { type Examples, imageExamples } from "./examples.ts";
import { inferenceForward } from "./forward.ts";
import type { TrainedPart } from "./trained_part.ts";

/** Images in one run of the frozen stages. */
const FEATURE_BATCH = 50;

/** Bytes of features that are kept, at most: about as much as a small machine has to spare. */
const MOST_FEATURE_BYTES = 2 * 1024 ** 3;

/** What is frozen, and how the images go through it. */
export interface FreezeOptions {
  /** The last stage that stays as it is; the stem and the stages before it stay with it. At least 1. */
  readonly freeze: number;
  /** Views of every training image; the first is not augmented. */
  readonly views: number;
  /** How bytes become the network's input. */
  readonly normalization: Normalization;
  /** Seed of the views. */
  readonly seed: number;
  /** Told how many images have gone through. */
  readonly onProgress?: (done: number, count: number) => void;
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
  { freeze, views, normalization, seed, onProgress }: FreezeOptions,
): Promise<TrainedPart> {
  const cut = outputOfStage(model, freeze);
  const { shift, flip, minCrop, colorJitter, cutout } = config;
  const augmentation = { shift, flip, minCrop, colorJitter, cutout };
  const { train, validation } = dataset;
  const viewCount = augments(augmentation) ? views : 1;
  const length = cut.shape.slice(1).reduce<number>((product, side) => product * side!, 1);
  checkMemory(length, viewCount * train.count + (validation?.count ?? 0), freeze);

  const trunk = tf.model({ inputs: model.inputs, outputs: cut });
  const { model: fused } = await fuseModel(trunk);
  const all = viewCount * train.count + (validation?.count ?? 0);
  let done = 0;
  const onBatch = async (count: number) => {
    onProgress?.(done += count, all);
    await letEventsIn();
  };
  const featuresOf = (split: Split, random?: Random) => {
    const images = imageExamples(split, dataset, { ...augmentation, normalization });
    return runOver(fused, images, length, onBatch, random);
  };
  try {
    const random = Random.from(seed, "views");
    const kept: Float32Array[] = [];
    for (let view = 0; view < viewCount; view++) {
      kept.push(await featuresOf(train, view === 0 ? undefined : random));
    }
    const shape = cut.shape.slice(1) as number[];
    const forward = inferenceForward(cut, model.outputs[0]!);
    return {
      input: cut,
      trains: (weight) => !isFrozen(weight, freeze),
      logitsOf: (batch) => forward(batch) as tf.Tensor2D,
      train: featureExamples(kept, shape, train),
      validation: validation && featureExamples([await featuresOf(validation)], shape, validation),
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

function checkMemory(length: number, count: number, freeze: number): void {
  const bytes = length * count * Float32Array.BYTES_PER_ELEMENT;
  if (bytes <= MOST_FEATURE_BYTES) return;
  throw new InputError(
    `What the frozen stages 1 to ${freeze} make of ${formatCount(count, "view")} takes ${
      (bytes / 1024 ** 3).toFixed(1)
    } GB: at most ${MOST_FEATURE_BYTES / 1024 ** 3} GB are kept.`,
    "Give fewer --views, freeze more stages or none (--freeze 0), or take smaller images (--image-size).",
  );
}

/** What a model makes of all examples, in order: [count, length]. */
async function runOver(
  model: tf.LayersModel,
  examples: Examples,
  length: number,
  onBatch: (count: number) => Promise<void>,
  random?: Random,
): Promise<Float32Array> {
  const features = new Float32Array(examples.count * length);
  for (let start = 0; start < examples.count; start += FEATURE_BATCH) {
    const count = Math.min(FEATURE_BATCH, examples.count - start);
    const indices = Uint32Array.from({ length: count }, (_, i) => start + i);
    tf.tidy(() => {
      const { values } = examples.gather(indices, random);
      features.set((model.predict(values) as tf.Tensor).dataSync<"float32">(), start * length);
    });
    await onBatch(count);
  }
  return features;
}

/**
 * Features as examples. A generator draws one of the views of each; without it, they are those of the images themselves.
 *
 * @param views [count, ...shape] each.
 */
function featureExamples(
  views: readonly Float32Array[],
  shape: readonly number[],
  { count, labels }: Split,
): Examples {
  const length = shape.reduce((product, side) => product * side, 1);
  return {
    count,
    labels,
    gather(indices, random) {
      const values = new Float32Array(indices.length * length);
      indices.forEach((index, i) => {
        const view = views[random === undefined ? 0 : random.integer(views.length)]!;
        values.set(view.subarray(index * length, (index + 1) * length), i * length);
      });
      return {
        values: tf.tensor(values, [indices.length, ...shape]),
        labels: Int32Array.from(indices, (index) => labels[index]!),
      };
    },
  };
}
