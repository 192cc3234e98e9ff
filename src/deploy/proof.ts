/**
 * The proof of an export: what was written, run from its files, against the source on the same images.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { Comparison } from "../proof/comparison.ts";
import { largest } from "../proof/equivalence.ts";
import { type Classifier, classifyAll, imageCount, type ModelCard } from "../classify/classifier.ts";
import { predictedClasses } from "../classify/scores.ts";
import { Random } from "../random.ts";
import type { Manifest } from "./manifest.ts";

/** What was measured. */
export type ExportProof = NonNullable<Manifest["proof"]>;

/** Images of the test set that are compared. */
const TEST_IMAGES = 200;

/** Random images that are compared: beside test images, and alone where there is no data set. */
const RANDOM_IMAGES = { beside: 50, alone: 200 } as const;

/**
 * Bytes of random images at most, but for the first few: 16 images of 224x224x3. What differs differs in all of them, and
 * large ones take long.
 */
const RANDOM_BYTES = 16 * 224 * 224 * 3;

const FEWEST_IMAGES = 4;

const RANDOM_SEED = 20_260_611;

/**
 * Images to compare on, [n, height, width, channels]: the first of the test set, then random bytes, which leave the
 * manifold that training has seen.
 */
export function proofImages(card: ModelCard, dataset?: Dataset): Uint8Array {
  const imageBytes = card.inputSize.reduce((product, size) => product * size, 1);
  const test = dataset?.test.images.subarray(0, TEST_IMAGES * imageBytes) ?? new Uint8Array(0);
  const random = Random.from(RANDOM_SEED, "export");
  const wanted = test.length > 0 ? RANDOM_IMAGES.beside : RANDOM_IMAGES.alone;
  const count = Math.min(wanted, Math.max(FEWEST_IMAGES, Math.floor(RANDOM_BYTES / imageBytes)));
  const noise = new Uint8Array(count * imageBytes);
  for (let i = 0; i < noise.length; i++) noise[i] = Math.floor(random.uniform(0, 256));
  const images = new Uint8Array(test.length + noise.length);
  images.set(test);
  images.set(noise, test.length);
  return images;
}

/**
 * Runs both on the same images.
 *
 * @param reference The source.
 * @param exported What was read back.
 */
export async function compareClassifiers(
  reference: Classifier,
  exported: Classifier,
  images: Uint8Array,
  card: ModelCard,
  tolerance: number,
): Promise<ExportProof> {
  const count = imageCount(images, card);
  const expected = await classifyAll(reference, images, card);
  const found = await classifyAll(exported, images, card);
  const logits = new Comparison("logits", 0);
  logits.update(expected, found, [count, expected.length / count]);
  const [before, after] = [expected, found].map((outputs) => predictedClasses(outputs, count, card));
  return {
    images: count,
    maxRelativeDifference: largest(logits.result()),
    tolerance,
    changedPredictions: before!.filter((label, i) => label !== after![i]).length,
  };
}
