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
}

/** Batch size and number of epochs for some images; a batch is at most half of them. */
export function recipeFor({ count, height, width }: TrainingImages): Recipe {
  let batchSize = DEFAULTS.batchSize;
  while (
    batchSize > SMALLEST_BATCH &&
    (batchSize * LEAST_STEPS_PER_EPOCH > count || batchSize * height * width > MOST_PIXELS)
  ) batchSize /= 2;
  batchSize = Math.max(2, Math.min(batchSize, Math.floor(count / 2)));
  const stepsPerEpoch = Math.max(1, Math.floor(count / batchSize));
  const epochs = Math.min(MOST_EPOCHS, Math.max(DEFAULTS.epochs, Math.round(STEPS / stepsPerEpoch)));
  return { batchSize, epochs };
}
