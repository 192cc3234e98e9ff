/**
 * From bytes to a network's input, in the terms that a manifest keeps: y = (x − mean) / scale in each channel. Networks
 * that were trained here use one mean and one scale; those that were trained elsewhere bring their own.
 *
 * @module
 */
import { boundsOf, type PixelRange } from "../graph/pixel_range.ts";

/** How bytes 0..255 become a network's input. */
export interface Normalization {
  /** Taken off each byte; one value per channel. */
  readonly mean: readonly number[];
  /** What the rest is divided by; one value per channel. */
  readonly scale: readonly number[];
}

/** What {@link defaultNormalization} has in every channel: it maps 0..255 onto -1..1. */
export const NORMALIZATION = { mean: 127.5, scale: 127.5 } as const;

/** The normalization of every network that is trained here. */
export function defaultNormalization(channels: number): Normalization {
  return {
    mean: new Array<number>(channels).fill(NORMALIZATION.mean),
    scale: new Array<number>(channels).fill(NORMALIZATION.scale),
  };
}

/**
 * How bytes become pixels of a range, less a mean and divided by a standard deviation: y = (pixel − mean) / std.
 *
 * @param mean One value per channel, of pixels in that range.
 * @param std One value per channel.
 */
export function normalizationOf(
  range: PixelRange,
  mean: readonly number[],
  std: readonly number[],
): Normalization {
  const [low, high] = boundsOf(range);
  const bytes = 255 / (high - low); // of one unit
  return { mean: mean.map((value) => (value - low) * bytes), scale: std.map((value) => value * bytes) };
}

/**
 * (x − mean) / scale, float32.
 *
 * @param pixels NHWC: the channel is the fastest axis. What a pixel has beyond the channels, an alpha, is left out.
 * @param values Where they go; as many as there are bytes unless it is given.
 * @returns The values, in the same order.
 */
export function normalizePixels(
  pixels: Uint8Array | Uint8ClampedArray,
  { mean, scale }: Normalization,
  values: Float32Array<ArrayBuffer> = new Float32Array(pixels.length),
): Float32Array<ArrayBuffer> {
  const channels = mean.length;
  const step = pixels.length * channels / values.length;
  for (let from = 0, to = 0; to < values.length; from += step) {
    for (let c = 0; c < channels; c++) values[to++] = (pixels[from + c]! - mean[c]!) / scale[c]!;
  }
  return values;
}
