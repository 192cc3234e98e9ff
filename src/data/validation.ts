/**
 * The images that a training is steered by: which epoch was best, when to stop, which settings to take. They are neither
 * learned from nor what a network is judged by at the end; the test images are looked at once.
 *
 * @module
 */
import { Random } from "../random.ts";
import type { Dataset, Split } from "./dataset.ts";

/**
 * The data set with a validation split: its own where it has one, else a share of every class of its training images,
 * drawn at random.
 *
 * @param dataset In memory; the result shares its arrays where it can.
 * @param share Of the training images of each class, in [0, 1), rounded to whole images. 0 holds nothing back.
 * @param seed The same seed holds the same images back.
 * @returns The data set itself when nothing is held back.
 */
export function withValidation(dataset: Dataset, share: number, seed: number): Dataset {
  if (dataset.validation !== undefined) return dataset;
  const { train } = dataset;
  const order = Random.from(seed, "validation").shuffle(
    Uint32Array.from({ length: train.count }, (_, i) => i),
  );
  const wanted = dataset.classNames.map(() => 0);
  for (const label of train.labels) wanted[label]! += share;
  const left = wanted.map(Math.round);
  const held = new Set([...order].filter((index) => left[train.labels[index]!]!-- > 0));
  if (held.size === 0) return dataset;
  return {
    ...dataset,
    train: selected(dataset, (index) => !held.has(index)),
    validation: selected(dataset, (index) => held.has(index)),
  };
}

/** The training images that a test picks, in their order. */
function selected(
  { train, height, width, channels }: Dataset,
  isWanted: (index: number) => boolean,
): Split {
  const indices = Array.from({ length: train.count }, (_, i) => i).filter(isWanted);
  const imageLength = height * width * channels;
  const images = new Uint8Array(indices.length * imageLength);
  indices.forEach((index, i) => {
    images.set(train.images.subarray(index * imageLength, (index + 1) * imageLength), i * imageLength);
  });
  return { images, labels: train.labels.filter((_, index) => isWanted(index)), count: indices.length };
}
