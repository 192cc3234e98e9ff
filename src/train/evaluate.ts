/**
 * Loss and accuracy of a model on one part of a data set.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { ImageShape } from "../data/image_shape.ts";
import { cutBatches, gatherBatch } from "../data/batches.ts";
import type { Split } from "../data/dataset.ts";
import { crossEntropy, targetsOf } from "./losses.ts";

/** Images per forward pass: large enough to be quick, small enough to keep the heap small. */
const EVALUATION_BATCH = 200;

/** The result of {@link evaluate}. */
export interface Evaluation {
  /** Mean cross entropy, without label smoothing. */
  readonly loss: number;
  /** Share classified right, in [0, 1]. */
  readonly accuracy: number;
}

/**
 * Runs a model over a whole split in inference mode.
 *
 * @param model Images [batch, h, w, c] to logits [batch, classes].
 * @param split Images and labels.
 * @param shape Size of the images.
 */
export function evaluate(model: tf.LayersModel, split: Split, shape: ImageShape): Evaluation {
  let lossSum = 0;
  let correct = 0;
  const everyImage = Uint32Array.from({ length: split.count }, (_, i) => i);
  for (const indices of cutBatches(everyImage, EVALUATION_BATCH, "keep")) {
    const batch = gatherBatch(split, shape, indices);
    const count = indices.length;
    const [loss, right] = tf.tidy(() => {
      const images = tf.tensor4d(batch.images, [count, shape.height, shape.width, shape.channels]);
      const labels = tf.tensor1d(batch.labels, "int32");
      const logits = model.predict(images) as tf.Tensor2D;
      return [
        crossEntropy(logits, targetsOf(labels, logits.shape[1], 0)).dataSync()[0]!,
        countCorrect(logits, labels),
      ] as const;
    });
    lossSum += loss * count;
    correct += right;
  }
  return { loss: lossSum / split.count, accuracy: correct / split.count };
}

/** How many rows of the logits [batch, classes] have their largest value at the label. */
export function countCorrect(logits: tf.Tensor2D, labels: tf.Tensor1D): number {
  return tf.tidy(() => logits.argMax(1).equal(labels).sum().dataSync()[0]!);
}
