/**
 * A data set as class folders of pictures, decoded into memory.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { assembleDataset, labelsOf, type LoadOptions } from "./assemble.ts";
import { type LabelledPicture, listCatalogue } from "./class_folders.ts";
import type { Dataset, Split } from "./dataset.ts";
import { readPicture } from "./pictures/read_picture.ts";
import { resizeToSquare } from "./resize.ts";
import type { RgbImage } from "./pictures/rgb_image.ts";

/** Most damaged pictures that an error names. */
const MOST_NAMED = 20;
/** Most bytes of pixels that a part may have. */
const MAX_SPLIT_BYTES = 2 ** 32;
const CHANNELS = 3;
const PROGRESS_EVERY = 1000;

/**
 * Reads class folders. Grey pictures become RGB, transparency is laid on white, see {@link readPicture}. With `imageSize`, the middle square of every picture is resampled to that size; without it, all
 * must have the size of the first. Hidden files and files beside the class folders are skipped; any other file that
 * is no picture is an error.
 *
 * @param name What the data set is called.
 * @throws {InputError} naming the file or folder, and what was expected.
 */
export async function loadImageFolder(
  folder: string,
  name: string,
  options: LoadOptions = {},
): Promise<Dataset> {
  const { classNames, ...listed } = await listCatalogue(folder);
  const damaged: InputError[] = [];
  const read = async (path: string): Promise<RgbImage | undefined> => {
    try {
      return await readPicture(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      damaged.push(error);
      return undefined;
    }
  };
  let first: { readonly path: string; readonly picture: RgbImage } | undefined;
  for (const { path } of listed.train) {
    const picture = await read(path);
    if (picture !== undefined) {
      first = { path, picture };
      break;
    }
  }
  if (first === undefined) throw allOf(damaged, folder);
  const { path: firstPath, picture: { height: firstHeight, width: firstWidth } } = first;
  damaged.length = 0; // Those are met again.
  const height = options.imageSize ?? firstHeight;
  const width = options.imageSize ?? firstWidth;
  const readSplit = async (part: string, entries: readonly LabelledPicture[]): Promise<Split> => {
    const imageLength = height * width * CHANNELS;
    checkMemory(folder, part, entries.length, imageLength);
    const images = new Uint8Array(entries.length * imageLength);
    for (const [i, { path }] of entries.entries()) {
      const picture = await read(path);
      if (picture !== undefined) {
        images.set(fit(picture, path, height, width, options, firstPath), i * imageLength);
      }
      const done = i + 1;
      if (done % PROGRESS_EVERY === 0) {
        options.onProgress?.(`Read ${done} of ${entries.length} ${part} images`);
      }
    }
    return {
      images,
      labels: labelsOf(classNames.length, entries.map(({ label }) => label)),
      count: entries.length,
    };
  };
  const train = await readSplit("train", listed.train);
  const test = await readSplit("test", listed.test);
  const validation = listed.validation && await readSplit("validation", listed.validation);
  if (damaged.length > 0) throw allOf(damaged, folder);
  return await assembleDataset(
    folder,
    {
      ...{ name, height, width, channels: CHANNELS, classNames, train, test },
      ...(validation === undefined ? {} : { validation }),
    },
    options,
  );
}

/** One error for all pictures that cannot be used. */
export function allOf(errors: readonly InputError[], folder: string): InputError {
  if (errors.length === 1) return errors[0]!;
  const named = errors.slice(0, MOST_NAMED).map(({ message }) => `  ${message}`);
  const more = errors.length > MOST_NAMED ? [`  and ${errors.length - MOST_NAMED} more`] : [];
  return new InputError(
    [`Cannot use ${folder}: ${errors.length} pictures cannot be read.`, ...named, ...more].join("\n"),
    "Remove them, or save them again.",
  );
}

function fit(
  { width, height, pixels }: RgbImage,
  path: string,
  toHeight: number,
  toWidth: number,
  { imageSize }: LoadOptions,
  firstPath: string,
): Uint8Array {
  if (width === toWidth && height === toHeight) return pixels;
  if (imageSize !== undefined) {
    return resizeToSquare(pixels, { height, width, channels: CHANNELS }, imageSize);
  }
  throw new InputError(
    `Cannot use ${path}: it is ${width} x ${height} pixels, but ${firstPath} is ${toWidth} x ${toHeight}.`,
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
