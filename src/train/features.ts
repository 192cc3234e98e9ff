/**
 * What a frozen part of a network makes of all images, kept: it runs once, over a few augmented views of every image, and what
 * stands behind it trains on that.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { augments } from "../data/augment/augmentation.ts";
import type { Dataset, Split } from "../data/dataset.ts";
import type { Normalization } from "../data/normalization.ts";
import { InputError } from "../errors.ts";
import { letEventsIn } from "../progress.ts";
import { Random } from "../random.ts";
import { formatCount } from "../text/quantities.ts";
import type { TrainingConfig } from "./config.ts";
import { type Examples, imageExamples } from "./examples.ts";

/** Images in one run of the frozen part. */
const FEATURE_BATCH = 50;

/** Bytes of features that are kept, at most: about as much as a small machine has to spare. */
const MOST_FEATURE_BYTES = 2 * 1024 ** 3;

/** How the images go through the frozen part. */
export interface ViewOptions {
  /** Views of every training image; the first is not augmented. */
  readonly views: number;
  /** How bytes become the network's input. */
  readonly normalization: Normalization;
  /** Seed of the views. */
  readonly seed: number;
  /** Told how many images have gone through. */
  readonly onProgress?: (done: number, count: number) => void;
}

/** What is kept. */
export interface CachedFeatures {
  /** Of the features of one image. */
  readonly shape: readonly number[];
  /** View by view, [count, ...shape] each. */
  readonly train: readonly Float32Array[];
  /** [count, ...shape] */
  readonly validation?: Float32Array | undefined;
}

/**
 * Runs a frozen part over the training and validation images.
 *
 * @param trunk Images to features, as it is run; it stays the caller's.
 * @param what What to call it in an error.
 * @throws {InputError} when the features take too much memory.
 */
export async function cacheFeatures(
  trunk: tf.LayersModel,
  dataset: Dataset,
  config: TrainingConfig,
  { views, normalization, seed, onProgress }: ViewOptions,
  what: string,
): Promise<CachedFeatures> {
  const { shift, flip, minCrop, colorJitter, cutout } = config;
  const augmentation = { shift, flip, minCrop, colorJitter, cutout };
  const { train, validation } = dataset;
  const viewCount = augments(augmentation) ? views : 1;
  const shape = trunk.outputs[0]!.shape.slice(1) as number[];
  const length = tf.util.sizeFromShape(shape);
  const all = viewCount * train.count + (validation?.count ?? 0);
  checkMemory(length, all, what);
  let done = 0;
  const onBatch = async (count: number) => {
    onProgress?.(done += count, all);
    await letEventsIn();
  };
  const featuresOf = (split: Split, random?: Random) => {
    const images = imageExamples(split, dataset, { ...augmentation, normalization });
    return runOver(trunk, images, length, onBatch, random);
  };
  const random = Random.from(seed, "views");
  const kept: Float32Array[] = [];
  for (let view = 0; view < viewCount; view++) {
    kept.push(await featuresOf(train, view === 0 ? undefined : random));
  }
  return { shape, train: kept, validation: validation && await featuresOf(validation) };
}

function checkMemory(length: number, count: number, what: string): void {
  const bytes = length * count * Float32Array.BYTES_PER_ELEMENT;
  if (bytes <= MOST_FEATURE_BYTES) return;
  throw new InputError(
    `What ${what} make of ${formatCount(count, "view")} takes ${(bytes / 1024 ** 3).toFixed(1)} GB: at most ${
      MOST_FEATURE_BYTES / 1024 ** 3
    } GB are kept.`,
    "Give fewer --views, or smaller images (--image-size); of a run, freeze more stages or none (--freeze 0).",
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
export function featureExamples(
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
