/**
 * What every source of images becomes: bytes in NHWC order, labels, and the names of the classes.
 *
 * @module
 */

/** One part of a data set. */
export interface Split {
  /** Pixels, uint8, [count, height, width, channels]. */
  readonly images: Uint8Array;
  /** Class indices, uint8, [count]. */
  readonly labels: Uint8Array;
  /** How many images there are. */
  readonly count: number;
}

/** A labelled image data set, in memory. */
export interface Dataset {
  /** "shapes10", "mnist", or the folder's name. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** One name per class, in the order of the label indices. */
  readonly classNames: readonly string[];
  readonly train: Split;
  readonly test: Split;
  /** SHA-256 over the images and labels of both splits: two runs with the same checksum saw the same data. */
  readonly checksum: string;
}
