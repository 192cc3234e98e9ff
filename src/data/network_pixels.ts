/**
 * From a picture of any size to the bytes that a network takes. `predict` and the exported page both come here, so that they
 * see one photo alike. Pure; it runs in a browser.
 *
 * @module
 */
import type { ImageShape } from "./image_shape.ts";
import { resizeMiddle } from "./resize.ts";

/** A picture of RGB or RGBA bytes, as a decoder gives it, or an ImageData. */
export interface PictureBytes {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows of pixels. */
  readonly height: number;
  /** [height, width, 3 or 4]; what is not opaque counts as if it were. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

const RGB = 3;

/** Share of red, green and blue in luma (ITU-R BT.601); a picture that is grey keeps its values. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** Channels that a picture can be made into. */
export const PICTURE_CHANNELS: readonly number[] = [1, RGB];

/**
 * The middle of a picture at the network's size, in the network's colours.
 *
 * @param shape What the network takes; its channels are one of {@link PICTURE_CHANNELS}.
 * @returns [height, width, channels] of the shape.
 * @throws {RangeError} when the shape has other channels.
 */
export function networkPixels({ width, height, data }: PictureBytes, shape: ImageShape): Uint8Array {
  if (!PICTURE_CHANNELS.includes(shape.channels)) {
    throw new RangeError(`Cannot make a picture of ${shape.channels} channels: expected 1 or 3.`);
  }
  const channels = data.length / (width * height);
  const rgb = dropAlpha(resizeMiddle(data, { height, width, channels }, shape), channels);
  return shape.channels === RGB ? rgb : toLuma(rgb);
}

/** [pixels, channels] to [pixels, 3] */
function dropAlpha(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === RGB) return pixels;
  const rgb = new Uint8Array(pixels.length / channels * RGB);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += RGB) {
    rgb.set(pixels.subarray(from, from + RGB), to);
  }
  return rgb;
}

/** [pixels, 3] to [pixels, 1] */
function toLuma(pixels: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: pixels.length / RGB }, (_, i) => {
    const luma = LUMA.reduce((sum, share, channel) => sum + share * pixels[RGB * i + channel]!, 0);
    return Math.round(luma);
  });
}
