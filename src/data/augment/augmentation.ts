/**
 * All that may happen to a training image, in the order in which it happens. What is switched off draws no random numbers.
 *
 * @module
 */
import type { Random } from "../../random.ts";
import type { ImageShape } from "../image_shape.ts";
import { drawMove, moveImage, type Moves } from "./move.ts";
import { changeColors, drawColorChange } from "./color.ts";
import { cropImage, drawCrop } from "./crop.ts";
import { cutOut } from "./cutout.ts";

/** What may happen to an image. */
export interface Augmentation extends Moves {
  /** The smallest share of its area that is cut out and blown up; 1 cuts nothing. */
  readonly minCrop: number;
  /** Brightness, contrast and saturation change by a factor of up to 1 ± this; 0 changes none. */
  readonly colorJitter: number;
  /** Side of a grey square that is painted into it, pixels; 0 paints none. */
  readonly cutout: number;
}

/** Nothing happens. */
export const NO_AUGMENTATION: Augmentation = { shift: 0, flip: false, minCrop: 1, colorJitter: 0, cutout: 0 };

/** Whether anything may happen. */
export function augments({ shift, flip, minCrop, colorJitter, cutout }: Augmentation): boolean {
  return shift > 0 || flip || minCrop < 1 || colorJitter > 0 || cutout > 0;
}

/**
 * Draws what happens to one image, and does it.
 *
 * @param source Pixels, [height, width, channels]; left as they are.
 * @returns Pixels of the same shape, in an array of their own.
 */
export function augmentImage(
  source: Uint8Array,
  shape: ImageShape,
  { shift, flip, minCrop, colorJitter, cutout }: Augmentation,
  random: Random,
): Uint8Array {
  let cropped = source;
  if (minCrop < 1) {
    cropImage(source, shape, drawCrop(random, shape, minCrop), cropped = new Uint8Array(source.length));
  }
  const result = new Uint8Array(source.length);
  moveImage(cropped, shape, drawMove(random, { shift, flip }), result);
  if (colorJitter > 0) changeColors(result, shape, drawColorChange(random, colorJitter));
  if (cutout > 0) cutOut(result, shape, cutout, random);
  return result;
}
