/**
 * Some classes of a data set as a data set of their own, and of each as few training images as are wanted: what a network sees
 * before it is fine-tuned, or after.
 *
 * @module
 */
import { sha256 } from "../files/hash.ts";
import { labelsOf } from "./assemble.ts";
import { type Dataset, partsOf, type Split } from "./dataset.ts";

/**
 * The images of some classes, in their order.
 *
 * @param dataset In memory; the result shares nothing with it.
 * @param classes Labels in the data set; they are 0, 1, 2, … in the result.
 * @param perClass Training images of each class, at most; the first ones. All of them when not given.
 */
export async function classSubset(
  dataset: Dataset,
  classes: readonly number[],
  perClass = Infinity,
): Promise<Dataset> {
  const parts = Object.fromEntries(
    partsOf(dataset).map(([part, split]) => [
      part,
      splitOf(dataset, split, classes, part === "train" ? perClass : Infinity),
    ]),
  );
  const subset = { ...dataset, ...parts, classNames: classes.map((label) => dataset.classNames[label]!) };
  const bytes = partsOf(subset).flatMap(([, { images, labels }]) => [images, labels]);
  return { ...subset, checksum: await sha256(...bytes) };
}

function splitOf(
  { height, width, channels }: Dataset,
  { images, labels, count, paths }: Split,
  classes: readonly number[],
  perClass: number,
): Split {
  const left = classes.map(() => perClass);
  const places = Array.from(labels, (label) => classes.indexOf(label));
  const indices = Array.from({ length: count }, (_, i) => i)
    .filter((i) => places[i]! >= 0 && left[places[i]!]!-- > 0);
  const length = height * width * channels;
  const taken = new Uint8Array(indices.length * length);
  indices.forEach((index, i) => taken.set(images.subarray(index * length, (index + 1) * length), i * length));
  return {
    images: taken,
    labels: labelsOf(classes.length, indices.map((index) => places[index]!)),
    count: indices.length,
    ...(paths === undefined ? {} : { paths: indices.map((index) => paths[index]!) }),
  };
}
