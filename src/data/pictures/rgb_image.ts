/**
 * What the picture decoders have in common: what they give, how much they may take, and how they refuse.
 *
 * @module
 */
import { InputError } from "../../errors.ts";

/** Rows and columns, pixels. */
export interface PictureSize {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows of pixels. */
  readonly height: number;
}

/** A picture of 8-bit RGB, [height, width, 3]. */
export interface RgbImage extends PictureSize {
  /** Red, green and blue of each pixel, row by row. */
  readonly pixels: Uint8Array;
}

/** Most memory that decoding a picture may take, bytes: a header may claim any size. */
const MOST_BYTES = 2 ** 29;

const RGB = 3;
const RGBA = 4;
const WHITE = 255;

/** The error for a file that is cut or damaged at a known place. */
export function damagedImage(
  path: string,
  format: string,
  offset: number,
  expected: string,
  found: string,
): InputError {
  return new InputError(
    `Cannot read ${path} as ${format}: at byte ${offset}, expected ${expected}; found ${found}.`,
  );
}

/**
 * Refuses a picture without pixels, or with more than may be decoded.
 *
 * @param offset Where in the file its size is written.
 * @param bytesPerPixel What its decoder takes for each, the result included.
 * @throws {InputError} naming file, offset, size and limit.
 */
export function checkPixelCount(
  path: string,
  offset: number,
  { width, height }: PictureSize,
  bytesPerPixel: number,
): void {
  const most = Math.floor(MOST_BYTES / bytesPerPixel);
  if (width > 0 && height > 0 && width * height <= most) return;
  throw new InputError(
    `Cannot use ${path}: at byte ${offset}, expected a picture of 1 to ${most} pixels (one of its kind takes ` +
      `${bytesPerPixel} bytes a pixel to decode, and ${MOST_BYTES / 2 ** 20} MiB are the limit); ` +
      `found a size of ${width} x ${height}.`,
    width > 0 && height > 0 ? "Save it smaller: the network sees far fewer pixels anyway." : undefined,
  );
}

/**
 * Lays a picture on white, c·α + 255·(1 − α), in its own memory.
 *
 * @param rgba [height, width, 4]; it is overwritten.
 */
export function onWhite({ width, height }: PictureSize, rgba: Uint8Array | Uint8ClampedArray): RgbImage {
  const pixels = new Uint8Array(rgba.buffer, rgba.byteOffset, width * height * RGB);
  for (let from = 0, to = 0; to < pixels.length; from += RGBA) {
    const alpha = rgba[from + RGB]!;
    for (let channel = 0; channel < RGB; channel++, to++) {
      pixels[to] = composed(rgba[from + channel]!, alpha);
    }
  }
  return { width, height, pixels };
}

/** A value on white, rounded. */
export function composed(value: number, alpha: number): number {
  return alpha === WHITE ? value : Math.round((value * alpha + WHITE * (WHITE - alpha)) / WHITE);
}
