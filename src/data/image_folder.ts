/**
 * A data set as class folders of pictures, decoded into memory.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { assembleDataset, labelsOf, type LoadOptions } from "./assemble.ts";
import { type LabelledPicture, listCatalogue } from "./class_folders.ts";
import { allOf, leftOut, orDamaged } from "./damaged_pictures.ts";
import type { Dataset, Split } from "./dataset.ts";
import { networkPixels } from "./network_pixels.ts";
import { imageSizeFor, medianShortSide } from "./picture_size.ts";
import { measurePicture, readPicture } from "./pictures/read_picture.ts";
import type { PictureSize, RgbImage } from "./pictures/rgb_image.ts";

/** Most pictures whose sizes are looked at before one size is chosen for all. */
const MOST_MEASURED = 500;
/** Most bytes of pixels that a part may have. */
const MAX_SPLIT_BYTES = 2 ** 32;
const CHANNELS = 3;
const PROGRESS_EVERY = 1000;

/** How the pictures become images of one size. */
interface Fitting extends PictureSize {
  /** Whether others are brought to that size; else they are refused. */
  readonly resizes: boolean;
  /** A picture of that size, for messages. */
  readonly example: string;
}

/**
 * Reads class folders, see {@link readPicture}. With `imageSize`, the middle square of every picture is resampled to that size;
 * without it, small pictures of one size stay as they are, and for others a size is chosen ({@link imageSizeFor}). Hidden files
 * and files beside the class folders are skipped; any other file that is no picture is an error, or with `skipBad` left out.
 *
 * @param name What the data set is called.
 * @throws {InputError} naming the file or folder, and what was expected.
 */
export async function loadImageFolder(
  folder: string,
  name: string,
  options: LoadOptions = {},
): Promise<Dataset> {
  const { classNames, ...listed } = await listCatalogue(folder, options.onProgress);
  const damaged: InputError[] = [];
  const all = [...listed.train, ...listed.test, ...listed.validation ?? []];
  const fitting = await chooseFitting(all, folder, options);
  const { width, height } = fitting;
  const readSplit = async (part: string, entries: readonly LabelledPicture[]): Promise<Split> => {
    const imageLength = height * width * CHANNELS;
    checkMemory(folder, part, entries.length, imageLength);
    const images = new Uint8Array(entries.length * imageLength);
    const labels: number[] = [];
    const paths: string[] = [];
    for (const [i, { path, label }] of entries.entries()) {
      const picture = await orDamaged(readPicture(path), damaged);
      if (picture !== undefined) {
        images.set(fit(picture, path, fitting), labels.length * imageLength);
        labels.push(label);
        paths.push(path);
      }
      const done = i + 1;
      if (done % PROGRESS_EVERY === 0) {
        options.onProgress?.(`Read ${done} of ${entries.length} ${part} images`);
      }
    }
    return {
      images: images.subarray(0, labels.length * imageLength),
      labels: labelsOf(classNames.length, labels),
      count: labels.length,
      paths,
    };
  };
  const train = await readSplit("train", listed.train);
  const test = await readSplit("test", listed.test);
  const validation = listed.validation && await readSplit("validation", listed.validation);
  if (damaged.length > 0) {
    if (!options.skipBad) throw allOf(damaged, folder);
    options.onProgress?.(leftOut(damaged, folder));
  }
  return await assembleDataset(
    folder,
    {
      ...{ name, height, width, channels: CHANNELS, classNames, train, test },
      ...(validation === undefined ? {} : { validation }),
    },
    fitting.resizes ? { ...options, imageSize: height } : options,
  );
}

/** Looks at the sizes of pictures from all over the list, and at all where they may stay as they are. */
async function chooseFitting(
  entries: readonly LabelledPicture[],
  folder: string,
  { imageSize, onProgress }: LoadOptions,
): Promise<Fitting> {
  if (imageSize !== undefined) return { width: imageSize, height: imageSize, resizes: true, example: "" };
  const step = Math.ceil(entries.length / MOST_MEASURED);
  let sizes = await measureAll(entries.filter((_, i) => i % step === 0), folder);
  if (step > 1 && imageSizeFor(sizes) === undefined) sizes = await measureAll(entries, folder);
  const side = imageSizeFor(sizes);
  if (side === undefined) {
    const { path } = sizes[0]!;
    const { width, height } = await readPicture(path).catch(() => sizes[0]!); // where it lies on its side, upright
    return { width, height, resizes: false, example: path };
  }
  onProgress?.(
    `${folder}: pictures are brought to ${side} x ${side} pixels (the median of their shorter sides is ${
      medianShortSide(sizes)
    })`,
  );
  return { width: side, height: side, resizes: true, example: "" };
}

/** The sizes of those pictures that have one. */
async function measureAll(
  entries: readonly LabelledPicture[],
  folder: string,
): Promise<(PictureSize & { readonly path: string })[]> {
  const sizes = [];
  const damaged: InputError[] = [];
  for (const { path } of entries) {
    const size = await orDamaged(measurePicture(path), damaged);
    if (size !== undefined) sizes.push({ width: size.width, height: size.height, path });
  }
  if (sizes.length === 0) throw allOf(damaged, folder);
  return sizes;
}

function fit({ width, height, pixels }: RgbImage, path: string, to: Fitting): Uint8Array {
  if (width === to.width && height === to.height) return pixels;
  if (to.resizes) return networkPixels({ width, height, data: pixels }, { ...to, channels: CHANNELS });
  throw new InputError(
    `Cannot use ${path}: it is ${width} x ${height} pixels, but ${to.example} is ${to.width} x ${to.height}.`,
    "Give an image size, and every picture is brought to it.",
  );
}

function checkMemory(folder: string, part: string, count: number, imageLength: number): void {
  if (count * imageLength <= MAX_SPLIT_BYTES) return;
  throw new InputError(
    `Cannot hold the ${part} images of ${folder} in memory: ${count} images of ${imageLength} bytes are more than ` +
      `${MAX_SPLIT_BYTES} bytes.`,
    "Choose a smaller image size.",
  );
}
