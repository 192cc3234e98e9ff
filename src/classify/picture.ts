/**
 * From a picture file of any size to the pixels that a network takes, by the way that training data went: the middle,
 * resampled.
 *
 * @module
 */
import { networkPixels, PICTURE_CHANNELS } from "../data/network_pixels.ts";
import { readPicture } from "../data/pictures/read_picture.ts";
import type { RgbImage } from "../data/pictures/rgb_image.ts";
import { InputError } from "../errors.ts";
import type { ModelCard } from "./classifier.ts";

/**
 * The pixels of a picture file, [height, width, channels] as the card says.
 *
 * @param path The picture file.
 * @throws {InputError} when the file is no picture, or the network takes images of other channels than a picture has.
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
  if (!PICTURE_CHANNELS.includes(channels)) {
    throw new InputError(
      `Cannot classify ${path}: the network takes images of ${channels} channels, expected 1 or 3.`,
    );
  }
  return networkPixels({ ...picture, data: picture.pixels }, { height, width, channels });
}
