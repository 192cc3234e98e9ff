/**
 * Height and width of what a window moves over: images [N, H, W, C], and sequences [N, L, C], which are images of height 1.
 * So a window is always two axes, of which the vertical one of a sequence stays in place.
 *
 * @module
 */
import { type Axes, type Axis, outputLength, POINT } from "./axis.ts";
import type { FullShape, Shape } from "./graph.ts";

/** Lengths of both axes; `null` for one that is not fixed. */
export type Sides = readonly [height: number | null, width: number | null];

/** Whether it is [N, L, C]. */
export function isSequence(shape: Shape): boolean {
  return shape?.length === 3;
}

/** The sides of images or of sequences. */
export function sidesOf(shape: Shape): Sides {
  const [width = null, height = 1] = shape?.slice(1, -1).reverse() ?? [null, null];
  return [height, width];
}

/** The axes of a window, by those that the tensor has: one of a sequence, two of an image. */
export function axesOn(own: readonly Axis[]): Axes {
  return own.length === 1 ? [POINT, own[0]!] : own as unknown as Axes;
}

/** What belongs to the axes that a tensor has: the last of a pair for a sequence, both for an image. */
export function ownOf<T>(shape: Shape, pair: readonly [T, T]): readonly T[] {
  return isSequence(shape) ? pair.slice(1) : pair;
}

/** The same batch with other sides and channels. */
export function withSides(shape: FullShape, sides: Sides, channels: number | null): FullShape {
  return [shape[0]!, ...ownOf(shape, sides), channels];
}

/** What a window makes of images or sequences. */
export function afterWindow(shape: FullShape, axes: Axes, channels: number | null): FullShape {
  const [height, width] = sidesOf(shape);
  const lengths = [
    height === null ? null : outputLength(axes[0], height),
    width === null ? null : outputLength(axes[1], width),
  ] as const;
  return withSides(shape, lengths, channels);
}
