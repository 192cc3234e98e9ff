/**
 * What an affine map works on: images [N, H, W, C], and vectors [N, C], which are images of one pixel. So BatchNorm folds into
 * a dense layer as it does into a convolution.
 *
 * @module
 */
import type { Shape } from "../graph/graph.ts";

/** Whether it is [N, C]. */
export function isVector(shape: Shape): boolean {
  return shape?.length === 2;
}

/** How many channels; nothing where it is neither, or they are not known. */
export function channelsOf(shape: Shape): number | undefined {
  return shape?.length === 4 || isVector(shape) ? shape!.at(-1) ?? undefined : undefined;
}

/** The pixels; 1 where the size is not fixed, which fits all maps of a region, since none has a stride. */
export function pixelsOf(shape: Shape): number {
  return fixedPixels(shape) ?? 1;
}

/** The pixels, or nothing where the size is not fixed. */
export function fixedPixels(shape: Shape): number | null {
  if (isVector(shape)) return 1;
  return shape?.[1] == null || shape[2] == null ? null : shape[1] * shape[2];
}
