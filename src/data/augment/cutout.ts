/**
 * A grey square at random: "Improved Regularization of Convolutional Neural Networks with Cutout" (DeVries and Taylor, 2017).
 * Its middle is any pixel, so that it may hang over the edge, as in the paper.
 *
 * @module
 */
import type { Random } from "../../random.ts";
import type { ImageShape } from "../image_shape.ts";

/** What the networks that are trained here take as zero, nearly. */
const GREY = 128;

/** Paints a square of `side` pixels into an image [height, width, channels], in place. */
export function cutOut(pixels: Uint8Array, shape: ImageShape, side: number, random: Random): void {
  const { height, width, channels } = shape;
  const top = random.integer(height) - (side >> 1);
  const left = random.integer(width) - (side >> 1);
  const [from, to] = [Math.max(0, left), Math.min(width, left + side)];
  for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
    pixels.fill(GREY, (y * width + from) * channels, (y * width + to) * channels);
  }
}
