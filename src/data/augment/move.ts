/**
 * Random shifts and horizontal flips, the augmentation of small images (He et al., "Deep Residual Learning", 2015,
 * section 4.2), on bytes and without TensorFlow.js. Where a shift uncovers the border, the nearest pixel is repeated:
 * a frame of zeros would be an edge that no test image has.
 *
 * @module
 */
import type { Random } from "../../random.ts";
import type { ImageShape } from "../image_shape.ts";

/** How an image may move. */
export interface Moves {
  /** Most pixels that an image moves along each axis, either way. 0 moves nothing. */
  readonly shift: number;
  /** Whether half of the images are mirrored, left to right. */
  readonly flip: boolean;
}

/** What happens to one image: it is mirrored, then moved. */
export interface Move {
  /** Pixels to the right. */
  readonly dx: number;
  /** Pixels down. */
  readonly dy: number;
  /** Whether left and right are exchanged first. */
  readonly mirrored: boolean;
}

/** Draws what happens to one image: every shift in the square is as likely as any other. */
export function drawMove(random: Random, { shift, flip }: Moves): Move {
  const dx = shift === 0 ? 0 : random.integer(2 * shift + 1) - shift;
  const dy = shift === 0 ? 0 : random.integer(2 * shift + 1) - shift;
  return { dx, dy, mirrored: flip && random.integer(2) === 1 };
}

/**
 * Mirrors and moves one image.
 *
 * @param source Pixels, [height, width, channels].
 * @param target Where the result goes, [height, width, channels]; not the source.
 */
export function moveImage(
  source: Uint8Array,
  { height, width, channels }: ImageShape,
  { dx, dy, mirrored }: Move,
  target: Uint8Array,
): void {
  for (let y = 0, to = 0; y < height; y++) {
    const row = clamp(y - dy, height - 1) * width;
    for (let x = 0; x < width; x++) {
      const column = clamp(x - dx, width - 1);
      const from = (row + (mirrored ? width - 1 - column : column)) * channels;
      for (let channel = 0; channel < channels; channel++) target[to++] = source[from + channel]!;
    }
  }
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
