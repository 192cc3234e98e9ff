/**
 * What the picture decoders have in common: what they give, and how they refuse.
 *
 * @module
 */
import { InputError } from "../errors.ts";

/** A picture of 8-bit RGB, [height, width, 3]. */
export interface RgbImage {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows of pixels. */
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly pixels: Uint8Array;
}

/** Most pixels of a picture: a header may claim any number, and decoding allocates what it claims. */
export const MAX_PIXELS = 2 ** 26;

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
 * Refuses a picture without pixels, or with too many.
 *
 * @param offset Where in the file its size is written.
 * @throws {InputError} naming file, offset and size.
 */
export function checkPixelCount(path: string, offset: number, width: number, height: number): void {
  if (width > 0 && height > 0 && width * height <= MAX_PIXELS) return;
  throw new InputError(
    `Cannot use ${path}: at byte ${offset}, expected a picture of 1 to ${MAX_PIXELS} pixels; ` +
      `found a size of ${width} x ${height}.`,
  );
}
