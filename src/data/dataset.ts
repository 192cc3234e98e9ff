/**
 * What every source of images becomes: bytes in NHWC order, labels, and the names of the classes.
 *
 * @module
 */

/** Class indices: bytes, but for more than 256 classes. */
export type Labels = Uint8Array | Uint16Array;

/** One part of a data set. */
export interface Split {
  /** Pixels, uint8, [count, height, width, channels]. */
  readonly images: Uint8Array;
  /** Class indices, [count]. */
  readonly labels: Labels;
  /** How many images there are. */
  readonly count: number;
  /** Their files, where each has one. */
  readonly paths?: readonly string[];
}

/** The parts of a data set, in the order of its checksum. */
export const PARTS = ["train", "test", "validation"] as const;

/** The name of a part. */
export type Part = typeof PARTS[number];

/** A labelled image data set, in memory. */
export interface Dataset {
  /** "shapes10", "mnist", or the folder's name. */
  readonly name: string;
  /** Rows of an image. */
  readonly height: number;
  /** Columns of an image. */
  readonly width: number;
  /** The side in pixels that its images were brought to, asked for or chosen; none where they are as they were. */
  readonly imageSize?: number;
  /** Values per pixel: 1 or 3. */
  readonly channels: number;
  /** One name per class, in the order of the label indices. */
  readonly classNames: readonly string[];
  /** What the network learns from. */
  readonly train: Split;
  /** What chooses among its epochs, where the source sets images aside for that. */
  readonly validation?: Split;
  /** What it is judged by. */
  readonly test: Split;
  /** SHA-256 over the images and labels of all splits: two runs with the same checksum saw the same data. */
  readonly checksum: string;
}

/** The parts that a data set has, by name. */
export function partsOf(dataset: Pick<Dataset, Part>): (readonly [Part, Split])[] {
  return PARTS.flatMap((part) => {
    const split = dataset[part];
    return split === undefined ? [] : [[part, split] as const];
  });
}
