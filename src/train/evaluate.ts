/**
 * Loss and accuracy of a model on one part of a data set.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { ImageShape } from "../data/image_shape.ts";
import { cutBatches } from "../data/batches.ts";
import type { Split } from "../data/dataset.ts";
import type { Normalization } from "../data/normalization.ts";
import { type Examples, imageExamples } from "./examples.ts";
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
 * @param normalization What the network takes, where it is not our own.
 */
export function evaluate(
  model: tf.LayersModel,
  split: Split,
  shape: ImageShape,
  normalization?: Normalization,
): Evaluation {
  const logitsOf = (images: tf.Tensor) => model.predict(images) as tf.Tensor2D;
  return evaluateExamples(logitsOf, imageExamples(split, shape, { normalization }));
}

/**
 * Runs a part of a network over all examples.
 *
 * @param logitsOf Examples [batch, ...] to logits [batch, classes], in inference.
 * @param examples What that part takes.
 */
export function evaluateExamples(
  logitsOf: (batch: tf.Tensor) => tf.Tensor2D,
  examples: Examples,
): Evaluation {
  let lossSum = 0;
  let correct = 0;
  const everyExample = Uint32Array.from({ length: examples.count }, (_, i) => i);
  for (const indices of cutBatches(everyExample, EVALUATION_BATCH, "keep")) {
    const count = indices.length;
    const [loss, right] = tf.tidy(() => {
      const batch = examples.gather(indices);
      const labels = tf.tensor1d(batch.labels, "int32");
      const logits = logitsOf(batch.values);
      return [
        crossEntropy(logits, targetsOf(labels, logits.shape[1], 0)).dataSync()[0]!,
        countCorrect(logits, labels),
      ] as const;
    });
    lossSum += loss * count;
    correct += right;
  }
  return { loss: lossSum / examples.count, accuracy: correct / examples.count };
}

/** How many rows of the logits [batch, classes] have their largest value at the label. */
export function countCorrect(logits: tf.Tensor2D, labels: tf.Tensor1D): number {
  return tf.tidy(() => logits.argMax(1).equal(labels).sum().dataSync()[0]!);
}
