/**
 * How long and in which batches to train on images of a person's own, where nobody says it: about as many steps as the built-in
 * set takes, however few the images are, and no more work in a step however large they are. Pure.
 *
 * @module
 */
import { trainingSchema } from "./config.ts";

const DEFAULTS = trainingSchema.parse({});

/** Steps to aim at. */
const STEPS = 1000;

/** A batch is halved until there are as many steps in an epoch, where the images are few. */
const LEAST_STEPS_PER_EPOCH = 8;
const SMALLEST_BATCH = 16;

/** Most pixels of a batch: of 64 images of 48x48, or 32 of 64x64. */
const MOST_PIXELS = 64 * 48 * 48;

const MOST_EPOCHS = 200;

/** The images to train on. */
export interface TrainingImages {
  /** Without those that are held back for validation. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** What is chosen. */
export interface Recipe {
  readonly batchSize: number;
  readonly epochs: number;
  /** In proportion to the batch (Goyal et al., "Accurate, Large Minibatch SGD", 2017). */
  readonly learningRate: number;
}

/**
 * Batch size, number of epochs and peak learning rate for some images.
 *
 * @param batchSize Where somebody chose it; otherwise at most half of the images.
 */
export function recipeFor(images: TrainingImages, batchSize = batchSizeFor(images)): Recipe {
  const stepsPerEpoch = Math.max(1, Math.floor(images.count / batchSize));
  const epochs = Math.min(MOST_EPOCHS, Math.max(DEFAULTS.epochs, Math.round(STEPS / stepsPerEpoch)));
  return { batchSize, epochs, learningRate: DEFAULTS.learningRate * batchSize / DEFAULTS.batchSize };
}

function batchSizeFor({ count, height, width }: TrainingImages): number {
  let batchSize = DEFAULTS.batchSize;
  while (
    batchSize > SMALLEST_BATCH &&
    (batchSize * LEAST_STEPS_PER_EPOCH > count || batchSize * height * width > MOST_PIXELS)
  ) batchSize /= 2;
  return Math.max(2, Math.min(batchSize, Math.floor(count / 2)));
}
