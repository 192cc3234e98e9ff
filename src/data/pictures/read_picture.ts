/**
 * One picture from a file, whichever format it is in: the bytes tell which, not the name.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { hexOf } from "../../files/hash.ts";
import { readBytes } from "../../files/read.ts";
import { decodeAvif, isAvif, measureAvif } from "./avif.ts";
import { decodeBmp, isBmp, measureBmp } from "./bmp.ts";
import { recognizeForeign } from "./foreign.ts";
import { decodeGif, isGif, measureGif } from "./gif.ts";
import { decodeJpeg, isJpeg, measureJpeg } from "./jpeg.ts";
import { decodePng, isPng, measurePng } from "./png.ts";
import type { PictureSize, RgbImage } from "./rgb_image.ts";
import { decodeWebp, isWebp, measureWebp } from "./webp.ts";

/** How a format is known and read. */
interface PictureFormat {
  readonly begins: (file: Uint8Array) => boolean;
  /** From its header; it refuses what would take too much memory to decode. */
  readonly measure: (file: Uint8Array, path: string) => PictureSize;
  readonly decode: (file: Uint8Array<ArrayBuffer>, path: string) => RgbImage | Promise<RgbImage>;
}

const FORMATS: readonly PictureFormat[] = [
  { begins: isJpeg, measure: measureJpeg, decode: decodeJpeg },
  { begins: isPng, measure: measurePng, decode: decodePng },
  { begins: isWebp, measure: measureWebp, decode: decodeWebp },
  { begins: isAvif, measure: measureAvif, decode: decodeAvif },
  { begins: isGif, measure: measureGif, decode: decodeGif },
  { begins: isBmp, measure: measureBmp, decode: decodeBmp },
];

/** The formats that can be read, for messages. */
export const PICTURE_FORMATS = "JPEG, PNG, WebP, AVIF, GIF or BMP";

/**
 * The picture in a file, upright, as RGB; what is transparent is laid on white.
 *
 * @throws {InputError} when it cannot be read, is of another format, is damaged, or claims too many pixels.
 */
export async function readPicture(path: string): Promise<RgbImage> {
  const { file, format } = await openPicture(path);
  return await format.decode(file, path);
}

/**
 * The size of the picture in a file, as it is stored: it may lie on its side.
 *
 * @throws {InputError} as {@link readPicture}, but for damage behind the header.
 */
export async function measurePicture(path: string): Promise<PictureSize> {
  const { file, format } = await openPicture(path);
  return format.measure(file, path);
}

async function openPicture(path: string): Promise<{ file: Uint8Array<ArrayBuffer>; format: PictureFormat }> {
  const file = await readBytes(path, `a picture: ${PICTURE_FORMATS}`);
  const format = FORMATS.find(({ begins }) => begins(file));
  if (format !== undefined) return { file, format };
  const foreign = recognizeForeign(file);
  if (foreign !== undefined) {
    throw new InputError(
      `Cannot use ${path}: it is ${foreign.what}; expected ${PICTURE_FORMATS}.`,
      foreign.hint,
    );
  }
  const start = file.length === 0 ? "an empty file" : `bytes ${hexOf(file.subarray(0, 4))}`;
  throw new InputError(
    `Cannot use ${path}: at byte 0, expected the signature of a ${PICTURE_FORMATS} file; found ${start}.`,
  );
}
