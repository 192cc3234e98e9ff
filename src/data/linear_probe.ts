/**
 * How far one gets without a network: multinomial logistic regression on the pixels. Its accuracy says how much of a
 * data set is given away by where there is which colour.
 *
 * @module
 */
import { Random } from "../random.ts";
import { cutBatches, epochOrder, gatherBatch } from "./batches.ts";
import { largestIndex, softmax } from "../graph/class_scores.ts";
import type { Dataset, Split } from "./dataset.ts";

/** How the probe is trained: stochastic gradient descent with a rate that falls to zero. */
export interface ProbeOptions {
  /** Passes over the training images. */
  readonly epochs: number;
  /** Images in a step. */
  readonly batchSize: number;
  /** The first step's rate; it falls linearly to 0. */
  readonly learningRate: number;
  /** Weight of ½‖W‖² in the loss. */
  readonly weightDecay: number;
  /** Decides the order of the images. */
  readonly seed: number;
}

/** What the probe reached. */
export interface ProbeResult {
  /** Part of the training images that it labels rightly, 0..1. */
  readonly trainAccuracy: number;
  /** Part of the test images that it labels rightly, 0..1. */
  readonly testAccuracy: number;
}

/** Settings under which the probe reaches about its best test accuracy on images of 32 x 32. */
export const PROBE_DEFAULTS: ProbeOptions = {
  epochs: 10,
  batchSize: 50,
  learningRate: 0.002,
  weightDecay: 0.1,
  seed: 1,
};

/** W, [inputs + 1, classes], the last row being the bias: logits = [x, 1]·W. */
interface Linear {
  readonly weights: Float32Array;
  readonly inputs: number;
  readonly classes: number;
}

/** Trains the probe on the training images, and measures it. */
export function probeLinearly(dataset: Dataset, options: ProbeOptions = PROBE_DEFAULTS): ProbeResult {
  const inputs = dataset.height * dataset.width * dataset.channels;
  const classes = dataset.classNames.length;
  const model: Linear = { weights: new Float32Array((inputs + 1) * classes), inputs, classes };
  const random = Random.from(options.seed, "linear probe");
  const batchSize = Math.min(options.batchSize, dataset.train.count);
  const steps = options.epochs * Math.floor(dataset.train.count / batchSize);
  let step = 0;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    for (const indices of cutBatches(epochOrder(dataset.train.count, random), batchSize, "drop")) {
      const { images, labels } = gatherBatch(dataset.train, dataset, indices);
      descend(model, images, labels, options.learningRate * (1 - step++ / steps), options.weightDecay);
    }
  }
  return {
    trainAccuracy: accuracy(model, dataset.train, dataset),
    testAccuracy: accuracy(model, dataset.test, dataset),
  };
}

/** One step along -∂L/∂W = Σ x (onehot(y) - softmax(xW)) / B - λW. */
function descend(
  model: Linear,
  images: Float32Array,
  labels: Int32Array,
  rate: number,
  weightDecay: number,
): void {
  const { weights, inputs, classes } = model;
  const probabilities = Array.from(labels, (_, i) => softmax(logits(model, images, i)));
  const keep = 1 - rate * weightDecay;
  for (let i = 0; i < inputs * classes; i++) weights[i] = weights[i]! * keep;
  labels.forEach((label, i) => {
    const pull = probabilities[i]!.map((p, k) => ((k === label ? 1 : 0) - p) * rate / labels.length);
    for (let j = 0, w = 0; j <= inputs; j++) {
      const x = j === inputs ? 1 : images[i * inputs + j]!;
      for (let k = 0; k < classes; k++, w++) weights[w] = weights[w]! + x * pull[k]!;
    }
  });
}

function logits({ weights, inputs, classes }: Linear, images: Float32Array, index: number): Float64Array {
  const result = new Float64Array(classes);
  for (let j = 0, w = 0; j <= inputs; j++) {
    const x = j === inputs ? 1 : images[index * inputs + j]!;
    for (let k = 0; k < classes; k++, w++) result[k] = result[k]! + x * weights[w]!;
  }
  return result;
}

function accuracy(model: Linear, split: Split, dataset: Dataset): number {
  let right = 0;
  for (let i = 0; i < split.count; i++) {
    const { images } = gatherBatch(split, dataset, [i]);
    const values = logits(model, images, 0);
    if (largestIndex(values) === split.labels[i]) right++;
  }
  return right / split.count;
}
