/**
 * The painter of Shapes10: a linear gradient, shapes and strokes laid over it with anti-aliased edges, noise. It works
 * in float64 on a square RGB canvas, [size, size, 3] in 0..255, and rounds once at the end.
 *
 * @module
 */
import type { Random } from "../random.ts";
import type { Vector } from "./rotation.ts";
import type { SignedDistance } from "./sdf.ts";

/** Red, green and blue in 0..255. */
export type Colour = readonly [number, number, number];

/** Channels of a canvas: red, green, blue. */
export const CHANNELS = 3;

/** Fills the canvas with a colour that changes along `towards`, from `from` at one end of the canvas to `to`. */
export function paintGradient(
  canvas: Float64Array,
  size: number,
  towards: Vector,
  from: Colour,
  to: Colour,
): void {
  const centre = size / 2;
  // The projection on the direction runs from -reach to reach over the square's corners.
  const reach = centre * (Math.abs(towards.x) + Math.abs(towards.y));
  for (let row = 0, i = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const projection = (column + 0.5 - centre) * towards.x + (row + 0.5 - centre) * towards.y;
      const mix = 0.5 + projection / (2 * reach);
      for (let channel = 0; channel < CHANNELS; channel++, i++) {
        canvas[i] = from[channel]! + (to[channel]! - from[channel]!) * mix;
      }
    }
  }
}

/** Where a shape lies. */
export interface Placement {
  /** Pixels from the upper left corner. */
  readonly centre: Vector;
  /** The direction that its x axis points to, of length 1. */
  readonly axis: Vector;
  /** Pixels for one unit of its signed distance. */
  readonly radius: number;
}

/** Fills a shape. A pixel whose centre is d pixels outside the outline is covered by clamp(1/2 - d). */
export function paintShape(
  canvas: Float64Array,
  size: number,
  distance: SignedDistance,
  { centre, axis, radius }: Placement,
  colour: Colour,
): void {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const x = (column + 0.5 - centre.x) / radius;
      const y = (row + 0.5 - centre.y) / radius;
      const outside = radius * distance(x * axis.x + y * axis.y, y * axis.x - x * axis.y);
      blend(canvas, (row * size + column) * CHANNELS, colour, 0.5 - outside);
    }
  }
}

/** Draws a straight stroke with round ends, `width` pixels wide. */
export function paintStroke(
  canvas: Float64Array,
  size: number,
  from: Vector,
  to: Vector,
  width: number,
  colour: Colour,
): void {
  const ex = to.x - from.x;
  const ey = to.y - from.y;
  const squaredLength = ex * ex + ey * ey;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const wx = column + 0.5 - from.x;
      const wy = row + 0.5 - from.y;
      const along = Math.min(1, Math.max(0, (wx * ex + wy * ey) / squaredLength));
      const dx = wx - ex * along;
      const dy = wy - ey * along;
      const outside = Math.sqrt(dx * dx + dy * dy) - width / 2;
      blend(canvas, (row * size + column) * CHANNELS, colour, 0.5 - outside);
    }
  }
}

/**
 * Adds noise of mean 0 to every value, independently. It is the sum of four bytes (Irwin and Hall), close to normal
 * and the same on every machine, which a logarithm and a cosine are not.
 *
 * @param deviation Its standard deviation, in the canvas's units.
 */
export function addNoise(canvas: Float64Array, deviation: number, random: Random): void {
  const mean = 4 * 255 / 2;
  const scale = deviation / Math.sqrt(4 * (256 * 256 - 1) / 12);
  for (let i = 0; i < canvas.length; i++) {
    const bits = Math.floor(random.uniform(0, 2 ** 32));
    const sum = (bits & 255) + (bits >>> 8 & 255) + (bits >>> 16 & 255) + (bits >>> 24);
    canvas[i] = canvas[i]! + (sum - mean) * scale;
  }
}

/** Rounds the canvas to bytes, clamped to 0..255. */
export function toBytes(canvas: Float64Array, target: Uint8Array): void {
  for (let i = 0; i < canvas.length; i++) {
    target[i] = Math.min(255, Math.max(0, Math.round(canvas[i]!)));
  }
}

function blend(canvas: Float64Array, offset: number, colour: Colour, coverage: number): void {
  if (coverage <= 0) return;
  const opacity = Math.min(1, coverage);
  for (let channel = 0; channel < CHANNELS; channel++) {
    const under = canvas[offset + channel]!;
    canvas[offset + channel] = under + (colour[channel]! - under) * opacity;
  }
}
