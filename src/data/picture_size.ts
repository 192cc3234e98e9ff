/**
 * The side that photos of any size are brought to, where nobody says one: as large as most of them, and no larger than two cores
 * train in minutes. Pure.
 *
 * @module
 */
import type { PictureSize } from "./pictures/rgb_image.ts";

/** Sides to choose from, pixels. The work of a training grows with the square. */
const SIDES = [32, 48, 64] as const;

/** Pictures of one size that is no larger stay as they are. */
const LARGEST_KEPT = 96;

/**
 * The side to bring pictures to.
 *
 * @param sizes Of some of the pictures, one or more.
 * @returns Nothing where they stay as they are: all of one size, and small.
 */
export function imageSizeFor(sizes: readonly PictureSize[]): number | undefined {
  const { width, height } = sizes[0]!;
  const areAlike = sizes.every((size) => size.width === width && size.height === height);
  if (areAlike && Math.max(width, height) <= LARGEST_KEPT) return undefined;
  const shortSide = medianShortSide(sizes);
  return SIDES.findLast((side) => side <= shortSide) ?? SIDES[0];
}

/** The median of the shorter sides. */
export function medianShortSide(sizes: readonly PictureSize[]): number {
  const sides = sizes.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  return sides[Math.floor(sides.length / 2)]!;
}
