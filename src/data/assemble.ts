/**
 * What every reader does last: the checks that hold for any source, one size for all images, the checksum.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { sha256 } from "../files/hash.ts";
import { readBytes } from "../files/read.ts";
import type { ImageShape } from "./image_shape.ts";
import { type Dataset, type Labels, partsOf, type Split } from "./dataset.ts";
import { resizeToSquare } from "./resize.ts";

/** Most classes that a data set may have, as a label is two bytes at most. */
export const MAX_CLASSES = 2 ** 16;

/** Images of the largest class for one of the smallest, at most, without a warning. */
const MOST_IMBALANCE = 10;

/** Most classes whose labels are one byte. */
const BYTE_CLASSES = 2 ** 8;

/** Labels in the smallest type that holds all classes. */
export function labelsOf(classCount: number, labels: readonly number[]): Labels {
  return classCount <= BYTE_CLASSES ? Uint8Array.from(labels) : Uint16Array.from(labels);
}

/** Limits and wishes of the person who loads a data set. */
export interface LoadOptions {
  /** Height and width that every image is brought to, pixels. Unless given, images must have one size already. */
  readonly imageSize?: number;
  /** Whether pictures of class folders that cannot be read are left out. They are an error unless it is given. */
  readonly skipBad?: boolean;
  /** Is told what takes long. */
  readonly onProgress?: (message: string) => void;
}

/**
 * Resizes when asked, and adds the checksum.
 *
 * @param source Names the data in errors: a folder.
 * @throws {InputError} when there are fewer than two classes or too many, two of one name, or no images.
 */
export async function assembleDataset(
  source: string,
  dataset: Omit<Dataset, "checksum">,
  { imageSize, onProgress }: LoadOptions,
): Promise<Dataset> {
  checkClassNames(source, dataset.classNames);
  for (const [part, { count }] of partsOf(dataset)) {
    if (count === 0) throw new InputError(`Cannot use ${source}: it has no ${part} images.`);
  }
  const seen = new Set(dataset.train.labels);
  const empty = dataset.classNames.filter((_, label) => !seen.has(label));
  if (empty.length > 0) {
    onProgress?.(
      `warning: ${source} has ${dataset.classNames.length} classes, and no training image of ${
        empty.map((name) => `"${name}"`).join(", ")
      }`,
    );
  }
  warnOfImbalance(source, dataset, onProgress);
  const sized = imageSize === undefined ? dataset : resizeDataset(dataset, imageSize);
  const bytes = partsOf(sized).flatMap(([, { images, labels }]) => [images, labels]);
  return {
    ...sized,
    ...(imageSize === undefined ? {} : { imageSize }),
    checksum: await sha256(...bytes),
  };
}

/** Says when there are far more images of one class than of another. */
function warnOfImbalance(
  source: string,
  { classNames, train }: Omit<Dataset, "checksum">,
  onProgress?: (message: string) => void,
): void {
  const counts = classNames.map(() => 0);
  for (const label of train.labels) counts[label]!++;
  const most = Math.max(...counts);
  const least = Math.min(...counts.filter((count) => count > 0));
  if (most <= MOST_IMBALANCE * least) return;
  onProgress?.(
    `warning: ${source} has ${most} training images of "${
      classNames[counts.indexOf(most)]
    }" and ${least} of ` +
      `"${classNames[counts.indexOf(least)]}": the network will hardly guess a class that is so rare`,
  );
}

/**
 * Refuses a label that is no class.
 *
 * @param path The file that the labels come from.
 * @param byteOffset Where in the file the label of an image lies.
 * @throws {InputError} naming file, offset, label and the number of classes.
 */
export function checkLabels(
  labels: Labels,
  classCount: number,
  path: string,
  byteOffset: (index: number) => number,
): void {
  const index = labels.findIndex((label) => label >= classCount);
  if (index < 0) return;
  throw new InputError(
    `Cannot use ${path}: at byte ${byteOffset(index)}, expected a label in 0..${classCount - 1}; ` +
      `found ${labels[index]}.`,
  );
}

/** The class names beside files whose labels are bytes, one on a line; empty lines do not count. */
export async function readClassNames(path: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readBytes(path, "class names, one on a line"));
  const names = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  checkClassNames(path, names, BYTE_CLASSES);
  return names;
}

/** Refuses an image size that is no whole number from 1 to 4096. */
export function checkImageSize(imageSize: number | undefined): void {
  if (imageSize === undefined) return;
  if (!Number.isInteger(imageSize) || imageSize < 1 || imageSize > 4096) {
    throw new InputError(
      `The image size must be a whole number of pixels from 1 to 4096: it is ${imageSize}.`,
    );
  }
}

function checkClassNames(source: string, names: readonly string[], most = MAX_CLASSES): void {
  if (names.length < 2 || names.length > most) {
    throw new InputError(
      `Cannot use ${source}: expected 2 to ${most.toLocaleString("en")} classes; found ${names.length}.`,
    );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InputError(`Cannot use ${source}: two classes are called "${twice}".`);
}

function resizeDataset<T extends Omit<Dataset, "checksum">>(dataset: T, imageSize: number): T {
  if (dataset.height === imageSize && dataset.width === imageSize) return dataset;
  return {
    ...dataset,
    height: imageSize,
    width: imageSize,
    ...Object.fromEntries(
      partsOf(dataset).map(([part, split]) => [part, resizeSplit(split, dataset, imageSize)]),
    ),
  };
}

function resizeSplit(split: Split, shape: ImageShape, imageSize: number): Split {
  const from = shape.height * shape.width * shape.channels;
  const to = imageSize * imageSize * shape.channels;
  const images = new Uint8Array(split.count * to);
  for (let i = 0; i < split.count; i++) {
    const pixels = split.images.subarray(i * from, (i + 1) * from);
    images.set(resizeToSquare(pixels, shape, imageSize), i * to);
  }
  return { ...split, images };
}
