/**
 * One picture from a file, whichever of the two formats it is in.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { hexOf } from "../files/hash.ts";
import { readBytes } from "../files/read.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodePng, isPng } from "./png.ts";
import type { RgbImage } from "./rgb_image.ts";

/**
 * The picture in a PNG or JPEG file; the bytes tell which, not the name. See {@link decodePng} and {@link decodeJpeg}.
 *
 * @throws {InputError} when it cannot be read, is neither, is damaged, or claims too many pixels.
 */
export async function readPicture(path: string): Promise<RgbImage> {
  const file = await readBytes(path, "a PNG or JPEG file");
  if (isPng(file)) return decodePng(file, path);
  if (isJpeg(file)) return await decodeJpeg(file, path);
  const start = file.length === 0 ? "an empty file" : `bytes ${hexOf(file.subarray(0, 4))}`;
  throw new InputError(
    `Cannot use ${path}: at byte 0, expected the signature of a PNG or JPEG file; found ${start}.`,
  );
}
