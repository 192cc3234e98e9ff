/**
 * Labelled images that come part by part: of a data set in memory, or of class folders of which no more than a part is in
 * memory at once.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { InputError } from "../errors.ts";
import type { ImageShape } from "./image_shape.ts";
import type { Dataset } from "./dataset.ts";
import { type LabelledPicture, listPictures } from "./class_folders.ts";
import { allOf, leftOut, orDamaged } from "./damaged_pictures.ts";
import { networkPixels } from "./network_pixels.ts";
import { readPicture } from "./pictures/read_picture.ts";

/** Images of one size, in an order. */
export interface LabelledImages {
  /** For people: the data set's name, the folder. */
  readonly name: string;
  /** What one of them is called: "test image", "picture". */
  readonly what: string;
  readonly shape: ImageShape;
  /** One name per class, in the order of the label indices. */
  readonly classNames: readonly string[];
  readonly count: number;
  /** Class indices, [count]. */
  readonly labels: ArrayLike<number>;
  /** Their files, where each has one. */
  readonly paths?: readonly string[];
  /**
   * Pixels of the images from `start` up to `end`, [end − start, height, width, channels].
   *
   * @throws {InputError} when pictures cannot be read.
   */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Of what was read, once all was read in order; of a data set its own. */
  checksum(): string;
}

/** The test images of a data set. */
export function testImagesOf(dataset: Dataset): LabelledImages {
  const { name, height, width, channels, classNames, checksum, test: { images, labels, count, paths } } =
    dataset;
  const imageBytes = height * width * channels;
  return {
    name,
    what: "test image",
    shape: { height, width, channels },
    classNames,
    count,
    labels,
    ...(paths === undefined ? {} : { paths }),
    read: (start, end) => Promise.resolve(images.subarray(start * imageBytes, end * imageBytes)),
    checksum: () => checksum,
  };
}

/** How {@link openPictureFolder} takes pictures that cannot be read. */
export interface PictureFolderOptions {
  /** Whether they are left out, for which every picture is looked at beforehand; else reading them fails. */
  readonly skipBad?: boolean | undefined;
  /** Told which were. */
  readonly onProgress?: (message: string) => void;
}

/**
 * All pictures of class folders, or of those below `test/` or `val/` where that is how they are parted. Each becomes what
 * `predict` would make of it.
 *
 * @throws {InputError} when the folder holds no class folders.
 */
export async function openPictureFolder(
  folder: string,
  shape: ImageShape,
  { skipBad = false, onProgress }: PictureFolderOptions = {},
): Promise<LabelledImages> {
  const { name, classNames, pictures: listed } = await listPictures(folder);
  const pictures = skipBad ? await readable(listed, folder, onProgress) : listed;
  const imageBytes = shape.height * shape.width * shape.channels;
  const hash = createHash("sha256");
  let hashed = 0;
  return {
    name,
    what: "picture",
    shape,
    classNames,
    count: pictures.length,
    labels: pictures.map(({ label }) => label),
    paths: pictures.map(({ path }) => path),
    async read(start, end) {
      const pixels = new Uint8Array((end - start) * imageBytes);
      const damaged: InputError[] = [];
      for (const [i, picture] of pictures.slice(start, end).entries()) {
        const found = await orDamaged(pixelsOf(picture, shape), damaged);
        if (found !== undefined) pixels.set(found, i * imageBytes);
      }
      if (damaged.length > 0) throw allOf(damaged, folder);
      if (start === hashed) {
        hash.update(pixels);
        hashed = end;
      }
      return pixels;
    },
    checksum: () => hash.copy().update(JSON.stringify(pictures.map(({ label }) => label))).digest("hex"),
  };
}

/** The pictures without those that cannot be read. */
async function readable(
  pictures: readonly LabelledPicture[],
  folder: string,
  onProgress?: (message: string) => void,
): Promise<LabelledPicture[]> {
  const damaged: InputError[] = [];
  const good: LabelledPicture[] = [];
  for (const picture of pictures) {
    if (await orDamaged(readPicture(picture.path), damaged) !== undefined) good.push(picture);
  }
  if (good.length === 0) throw allOf(damaged, folder);
  if (damaged.length > 0) onProgress?.(leftOut(damaged, folder));
  return good;
}

async function pixelsOf({ path }: LabelledPicture, shape: ImageShape): Promise<Uint8Array> {
  const { pixels, ...size } = await readPicture(path);
  return networkPixels({ ...size, data: pixels }, shape);
}
