/**
 * From a picture file of any size to the pixels that a network takes, by the way that training data went: the middle square,
 * resampled.
 *
 * @module
 */
import { readPicture } from "../data/read_picture.ts";
import { resizeToSquare } from "../data/resize.ts";
import type { RgbImage } from "../data/rgb_image.ts";
import { InputError } from "../errors.ts";
import type { ModelCard } from "./classifier.ts";

const RGB = 3;

/** Share of red, green and blue in luma (ITU-R BT.601); a picture that is grey keeps its values. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * The pixels of a picture file, [height, width, channels] as the card says.
 *
 * @param path A PNG or JPEG file.
 * @throws {InputError} when the file is no picture, or the network takes images that a picture cannot be made into.
 */
export async function pixelsOfFile(path: string, card: Pick<ModelCard, "inputSize">): Promise<Uint8Array> {
  return pixelsOfPicture(await readPicture(path), path, card);
}

/** {@link pixelsOfFile} for a picture that has been read. */
export function pixelsOfPicture(
  picture: RgbImage,
  path: string,
  { inputSize }: Pick<ModelCard, "inputSize">,
): Uint8Array {
  const [height, width, channels] = inputSize;
  if (channels !== 1 && channels !== RGB) {
    throw new InputError(
      `Cannot classify ${path}: the network takes images of ${channels} channels, expected 1 or 3.`,
    );
  }
  const sized = fit(picture, path, height, width);
  return channels === RGB ? sized : toLuma(sized);
}

function fit(
  { width, height, pixels }: RgbImage,
  path: string,
  toHeight: number,
  toWidth: number,
): Uint8Array {
  if (width === toWidth && height === toHeight) return pixels;
  if (toHeight === toWidth) return resizeToSquare(pixels, { height, width, channels: RGB }, toWidth);
  throw new InputError(
    `Cannot classify ${path}: it is ${width} x ${height} pixels, and the network takes ${toWidth} x ${toHeight}, which ` +
      "is no square to resize to.",
    "Cut the picture to that size first.",
  );
}

/** [pixels, 3] to [pixels, 1] */
function toLuma(pixels: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: pixels.length / RGB }, (_, i) => {
    const luma = LUMA.reduce((sum, share, channel) => sum + share * pixels[RGB * i + channel]!, 0);
    return Math.round(luma);
  });
}
