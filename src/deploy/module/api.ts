/**
 * The types of an exported module. `index.d.ts` is this file with `load` below it, so there is nothing here but types that
 * need no other file.
 *
 * @module
 */

/** One class with its probability. */
export interface Prediction {
  readonly label: string;
  /** Its place among the labels. */
  readonly index: number;
  /** From 0 to 1. */
  readonly probability: number;
}

/** Rows of RGB or RGBA bytes, as an ImageData has them, or floats that are normalised already. */
export type Pixels = Uint8Array | Uint8ClampedArray | Float32Array;

/** What computes: compiled kernels with fused multiply-add, without it, or plain JavaScript. */
export type Engine = "relaxed-simd" | "simd" | "javascript";

/** How a network is loaded. */
export interface LoadOptions {
  /** The weights, where they do not lie beside the module: their place, or their bytes. */
  readonly weights?: URL | string | ArrayBuffer;
  /** The network, where it does not lie beside the module: its place, or its bytes. */
  readonly network?: URL | string | ArrayBuffer;
  /** The best that the machine has, unless it is given. */
  readonly engine?: Engine;
}

/** A loaded network. */
export interface Classifier {
  /**
   * The classes of one image, the likeliest first.
   *
   * @param pixels At the size of `inputShape`.
   * @throws {RangeError} when the number of pixels is not that of one image.
   */
  (pixels: Pixels): Prediction[];
  /** The network's outputs for one image, or for several in a row. */
  logits(pixels: Pixels): Float32Array;
  /** One name per class. */
  readonly labels: readonly string[];
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number];
  readonly engine: Engine;
}
