/**
 * Turns a picture as its file says: cameras write the pixels as the sensor lay, and in EXIF's tag 0x0112 how to look at them
 * (EXIF 2.32, section 4.6.4).
 *
 * @module
 */
import type { RgbImage } from "./rgb_image.ts";

/** EXIF's orientation, 1 to 8: 1 is upright. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const ENTRY_LENGTH = 12;
const LITTLE_ENDIAN = 0x4949;
const BIG_ENDIAN = 0x4d4d;
const TIFF_MAGIC = 42;
/** "Exif\0\0", which some write before the TIFF header and some do not. */
const EXIF_PREFIX = [0x45, 0x78, 0x69, 0x66, 0, 0];

/** Where the pixel at (x, y) of the upright picture comes from: columns, rows and diagonal of the stored one. */
const SOURCES: Readonly<Record<Orientation, { mirrorX: boolean; mirrorY: boolean; transposed: boolean }>> = {
  1: { mirrorX: false, mirrorY: false, transposed: false },
  2: { mirrorX: true, mirrorY: false, transposed: false },
  3: { mirrorX: true, mirrorY: true, transposed: false },
  4: { mirrorX: false, mirrorY: true, transposed: false },
  5: { mirrorX: false, mirrorY: false, transposed: true },
  6: { mirrorX: false, mirrorY: true, transposed: true },
  7: { mirrorX: true, mirrorY: true, transposed: true },
  8: { mirrorX: true, mirrorY: false, transposed: true },
};

/** The orientation in a block of EXIF; upright where it says none, or is damaged. */
export function orientationOf(exif: Uint8Array): Orientation {
  const isPrefixed = EXIF_PREFIX.every((byte, i) => exif[i] === byte);
  const tiff = isPrefixed ? exif.subarray(EXIF_PREFIX.length) : exif;
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
  const order = view.getUint16(0);
  if (order !== LITTLE_ENDIAN && order !== BIG_ENDIAN) return 1;
  const isLittle = order === LITTLE_ENDIAN;
  if (view.getUint16(2, isLittle) !== TIFF_MAGIC) return 1;
  const start = view.getUint32(4, isLittle);
  if (start + 2 > tiff.length) return 1;
  const end = Math.min(tiff.length, start + 2 + ENTRY_LENGTH * view.getUint16(start, isLittle));
  for (let entry = start + 2; entry + ENTRY_LENGTH <= end; entry += ENTRY_LENGTH) {
    if (view.getUint16(entry, isLittle) !== ORIENTATION_TAG) continue;
    if (view.getUint16(entry + 2, isLittle) !== SHORT) return 1;
    const value = view.getUint16(entry + 8, isLittle);
    return value in SOURCES ? value as Orientation : 1;
  }
  return 1;
}

/** The picture as it is to be looked at. */
export function turned(image: RgbImage, orientation: Orientation): RgbImage {
  if (orientation === 1) return image;
  const { mirrorX, mirrorY, transposed } = SOURCES[orientation];
  const { width, height } = image;
  const [toWidth, toHeight] = transposed ? [height, width] : [width, height];
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < toHeight; y++) {
    for (let x = 0; x < toWidth; x++, to += 3) {
      const [column, row] = transposed ? [y, x] : [x, y];
      const from = 3 * ((mirrorY ? height - 1 - row : row) * width + (mirrorX ? width - 1 - column : column));
      pixels[to] = image.pixels[from]!;
      pixels[to + 1] = image.pixels[from + 1]!;
      pixels[to + 2] = image.pixels[from + 2]!;
    }
  }
  return { width: toWidth, height: toHeight, pixels };
}
