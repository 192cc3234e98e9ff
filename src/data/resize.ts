/**
 * Images of any size to one size. The middle, of the shape that is wanted, is cut out, then resampled along each axis with a
 * triangle filter that is as wide as the step between two target pixels, but at least one source pixel: bilinear
 * interpolation when it enlarges, a weighted mean over the area when it shrinks, so that nothing aliases (Heckbert,
 * "Filtered Image Rescaling", Graphics Gems III, 1992).
 *
 * @module
 */
import type { ImageShape } from "./image_shape.ts";

/** Rows and columns, pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Cuts out the largest middle of the wanted proportions and resamples it.
 *
 * @param pixels [height, width, channels].
 * @param size Of the result.
 * @returns [size.height, size.width, channels].
 */
export function resizeMiddle(
  pixels: Uint8Array | Uint8ClampedArray,
  shape: ImageShape,
  size: Size,
): Uint8Array {
  const { height, width, channels } = shape;
  const middle = middleOf(shape, size);
  const top = Math.floor((height - middle.height) / 2);
  const left = Math.floor((width - middle.width) / 2);
  const taps = resamplingTaps(middle.width, size.width);

  const rows = new Float64Array(middle.height * size.width * channels); // resampled along x
  for (let y = 0, to = 0; y < middle.height; y++) {
    const row = ((top + y) * width + left) * channels;
    for (const { first, weights } of taps) {
      for (let channel = 0; channel < channels; channel++, to++) {
        const from = row + first * channels + channel;
        rows[to] = weights.reduce((sum, weight, i) => sum + weight * pixels[from + i * channels]!, 0);
      }
    }
  }
  const stride = size.width * channels;
  const result = new Uint8Array(size.height * stride);
  resamplingTaps(middle.height, size.height).forEach(({ first, weights }, y) => {
    for (let i = 0; i < stride; i++) {
      const from = first * stride + i;
      result[y * stride + i] = Math.round(
        weights.reduce((sum, weight, j) => sum + weight * rows[from + j * stride]!, 0),
      );
    }
  });
  return result;
}

/** Cuts out the middle square and resamples it to a square of `size` pixels a side. */
export function resizeToSquare(pixels: Uint8Array, shape: ImageShape, size: number): Uint8Array {
  return resizeMiddle(pixels, shape, { height: size, width: size });
}

/** The largest size inside an image that has the proportions of another. */
function middleOf({ height, width }: Size, proportions: Size): Size {
  const scale = Math.min(height / proportions.height, width / proportions.width);
  const side = (wanted: number, most: number) => Math.max(1, Math.min(most, Math.round(wanted * scale)));
  return { height: side(proportions.height, height), width: side(proportions.width, width) };
}

/** Which source pixels make one target pixel, and by which weights, whose sum is 1. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Weights max(0, 1 - |distance| / reach) around the target pixel's centre, within the source, made to sum to 1. */
function resamplingTaps(sourceSize: number, targetSize: number): Taps[] {
  const step = sourceSize / targetSize;
  const reach = Math.max(1, step);
  return Array.from({ length: targetSize }, (_, target) => {
    const centre = (target + 0.5) * step;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(sourceSize, Math.ceil(centre + reach - 0.5));
    const weights = Array.from(
      { length: end - first },
      (_, i) => Math.max(0, 1 - Math.abs(first + i + 0.5 - centre) / reach),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
