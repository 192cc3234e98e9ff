/**
 * Images side by side in one picture, for a person to look at: the classes of a data set, or the examples that a
 * network gets most wrong.
 *
 * @module
 */
import { encode } from "fast-png";
import { InputError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";

/** An RGB picture, [height, width, 3]. */
export interface Picture {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows of pixels. */
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly pixels: Uint8Array;
}

/** How a contact sheet is laid out. */
export interface SheetLayout {
  /** Images in a row. */
  readonly columns: number;
  /** Pixels of the picture for each pixel of an image, each way. 1 unless given. */
  readonly scale?: number;
  /** White pixels between two images. 2 unless given. */
  readonly gap?: number;
}

const PICTURE_CHANNELS = 3;
const WHITE = 255;

/**
 * Lays images out row by row on white.
 *
 * @param images Pixels of the images, each [height, width, channels]. One channel is shown as grey.
 * @throws {InputError} when the images have neither 1 nor 3 channels.
 */
export function contactSheet(
  images: readonly Uint8Array[],
  { height, width, channels }: Pick<Dataset, "height" | "width" | "channels">,
  { columns, scale = 1, gap = 2 }: SheetLayout,
): Picture {
  if (images.length === 0) throw new RangeError("Cannot make a contact sheet of no images.");
  if (channels !== 1 && channels !== PICTURE_CHANNELS) {
    throw new InputError(`Cannot show images of ${channels} channels: 1 (grey) or 3 (RGB) can be shown.`);
  }
  const rows = Math.ceil(images.length / columns);
  const sheetWidth = columns * width * scale + (columns - 1) * gap;
  const sheetHeight = rows * height * scale + (rows - 1) * gap;
  const pixels = new Uint8Array(sheetWidth * sheetHeight * PICTURE_CHANNELS).fill(WHITE);
  images.forEach((image, i) => {
    const left = (i % columns) * (width * scale + gap);
    const top = Math.floor(i / columns) * (height * scale + gap);
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * channels;
        const to = ((top + y) * sheetWidth + left + x) * PICTURE_CHANNELS;
        for (let c = 0; c < PICTURE_CHANNELS; c++) pixels[to + c] = image[from + (channels === 1 ? 0 : c)]!;
      }
    }
  });
  return { width: sheetWidth, height: sheetHeight, pixels };
}

/**
 * The picture as a PNG file.
 *
 * @param levels Values that a channel may take, 2 to 256. Noise hardly compresses: fewer levels make a smaller file.
 */
export function encodePng({ width, height, pixels }: Picture, levels = 256): Uint8Array {
  const step = 255 / (levels - 1);
  const data = levels === 256 ? pixels : pixels.map((value) => Math.round(Math.round(value / step) * step));
  return encode({ width, height, data, channels: PICTURE_CHANNELS, depth: 8 }, { zlib: { level: 9 } });
}

/**
 * The first images of each class of a split: the first of every class, then the second of every class, and so on, so
 * that a sheet with as many columns as there are classes shows one class in each.
 *
 * @param perClass How many of each; fewer when some class has fewer.
 * @returns Pixels, each [height, width, channels].
 */
export function firstOfEachClass(
  dataset: Dataset,
  part: "train" | "test",
  perClass: number,
): Uint8Array[] {
  const { images, labels } = dataset[part];
  const imageLength = dataset.height * dataset.width * dataset.channels;
  const byClass = dataset.classNames.map((): Uint8Array[] => []);
  labels.forEach((label, i) => byClass[label]!.push(images.subarray(i * imageLength, (i + 1) * imageLength)));
  const rounds = Math.min(perClass, ...byClass.map((some) => some.length));
  return Array.from({ length: rounds }, (_, round) => byClass.map((some) => some[round]!)).flat();
}
