/**
 * Brightness, contrast and saturation at random: the colour jitter of "Some Improvements on Deep Convolutional Neural Network
 * Based Image Classification" (Howard, 2013), with PyTorch's definitions of the three.
 *
 * @module
 */
import type { Random } from "../../random.ts";
import type { ImageShape } from "../image_shape.ts";

/** Factors; 1 changes nothing. */
export interface ColorChange {
  /** Of every value. */
  readonly brightness: number;
  /** Of the distance from the image's mean grey. */
  readonly contrast: number;
  /** Of the distance from the pixel's own grey. */
  readonly saturation: number;
}

/** How bright an RGB pixel is, ITU-R BT.601. */
const LUMA = [0.299, 0.587, 0.114] as const;

/** Three factors between 1 − most and 1 + most. */
export function drawColorChange(random: Random, most: number): ColorChange {
  const factor = () => random.uniform(1 - most, 1 + most);
  return { brightness: factor(), contrast: factor(), saturation: factor() };
}

/** Changes the colours of an image [height, width, channels], of one or three channels, in place. */
export function changeColors(
  pixels: Uint8Array,
  { channels }: Pick<ImageShape, "channels">,
  change: ColorChange,
): void {
  const { brightness, contrast, saturation } = change;
  const grey = (at: number) =>
    channels === 1
      ? pixels[at]!
      : LUMA[0] * pixels[at]! + LUMA[1] * pixels[at + 1]! + LUMA[2] * pixels[at + 2]!;
  let sum = 0;
  for (let at = 0; at < pixels.length; at += channels) sum += grey(at);
  const mean = brightness * sum * channels / pixels.length;
  for (let at = 0; at < pixels.length; at += channels) {
    const own = brightness * grey(at);
    for (let channel = 0; channel < channels; channel++) {
      const saturated = own + (brightness * pixels[at + channel]! - own) * saturation;
      const value = mean + (saturated - mean) * contrast;
      pixels[at + channel] = Math.max(0, Math.min(255, Math.round(value)));
    }
  }
}
