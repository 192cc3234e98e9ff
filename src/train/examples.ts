/**
 * What a session learns from and is judged by: images, or what frozen stages have made of them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { ImageShape } from "../data/image_shape.ts";
import { gatherBatch, type GatherOptions } from "../data/batches.ts";
import type { Labels, Split } from "../data/dataset.ts";
import type { Random } from "../random.ts";

/** Some examples, in the order that was asked for. */
export interface ExampleBatch {
  /** What the part of the network that is trained takes, [batch, ...]; for the receiver to dispose. */
  readonly values: tf.Tensor;
  /** Class indices, [batch]. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Labelled examples that can be drawn by their index. */
export interface Examples {
  /** How many there are. */
  readonly count: number;
  /** Class indices, [count]. */
  readonly labels: Labels;
  /**
   * A batch.
   *
   * @param random Draws the augmentation; without it there is none.
   */
  gather(indices: Uint32Array, random?: Random): ExampleBatch;
}

/**
 * Images as a network takes them, [batch, height, width, channels].
 *
 * @param options How they are augmented where there is a generator, and normalized.
 */
export function imageExamples(
  split: Split,
  shape: ImageShape,
  { normalization, ...augmentation }: Omit<GatherOptions, "random"> = {},
): Examples {
  const { height, width, channels } = shape;
  return {
    count: split.count,
    labels: split.labels,
    gather(indices, random) {
      const options = random === undefined ? {} : { random, ...augmentation };
      const { images, labels } = gatherBatch(split, shape, indices, { normalization, ...options });
      return { values: tf.tensor4d(images, [indices.length, height, width, channels]), labels };
    },
  };
}
