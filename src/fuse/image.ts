/**
 * What an affine map works on: images [N, H, W, C], sequences [N, L, C], which are images of height 1, and vectors [N, C],
 * which are images of one pixel. So BatchNorm folds into a dense layer as it does into a convolution.
 *
 * @module
 */
import type { Shape } from "../graph/graph.ts";

/** Whether it is [N, C]. */
export function isVector(shape: Shape): boolean {
  return shape?.length === 2;
}

/** How many channels; nothing where it is none of these, or they are not known. */
export function channelsOf(shape: Shape): number | undefined {
  return shape !== undefined && shape.length >= 2 && shape.length <= 4
    ? shape.at(-1) ?? undefined
    : undefined;
}

/** The pixels; 1 where the size is not fixed, which fits all maps of a region, since none has a stride. */
export function pixelsOf(shape: Shape): number {
  return fixedPixels(shape) ?? 1;
}

/** The pixels, or nothing where the size is not fixed. */
export function fixedPixels(shape: Shape): number | null {
  return (shape?.slice(1, -1) ?? [null]).reduce((a, b) => a === null || b === null ? null : a * b, 1);
}
