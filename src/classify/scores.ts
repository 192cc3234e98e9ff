/**
 * What a classifier's logits are worth on labelled images: accuracy, loss, the confusion matrix, precision and recall of
 * each class, and the images it is most wrong about. Pure, and without TensorFlow.js.
 *
 * @module
 */
import { largestIndex, logSumExp, softmax } from "../graph/class_scores.ts";

/** One class. */
export interface ClassScores {
  readonly name: string;
  /** Images of the class. */
  readonly images: number;
  /** Images that were taken for it. */
  readonly predicted: number;
  /** Images of it that were recognized. */
  readonly correct: number;
  /** correct / predicted; null when nothing was taken for it. */
  readonly precision: number | null;
  /** correct / images; null when there are none. */
  readonly recall: number | null;
  /** 2·precision·recall / (precision + recall); null when either is, 0 when both are 0. */
  readonly f1: number | null;
}

/** One image that was misclassified. */
export interface Mistake {
  /** Its place in the split. */
  readonly index: number;
  /** Class indices. */
  readonly truth: number;
  readonly prediction: number;
  /** Softmax probability of the prediction. */
  readonly confidence: number;
  /** −ln of the softmax probability of the true class. */
  readonly loss: number;
}

/** The whole of an evaluation. */
export interface Scores {
  readonly images: number;
  readonly correct: number;
  /** correct / images. */
  readonly accuracy: number;
  /** Mean cross entropy. */
  readonly loss: number;
  readonly classes: readonly ClassScores[];
  /** counts[truth][prediction]. */
  readonly confusion: readonly (readonly number[])[];
  /** Every misclassified image, the largest loss first. */
  readonly mistakes: readonly Mistake[];
}

/**
 * Scores logits.
 *
 * @param logits [n, classes], row by row.
 * @param labels Class indices, [n].
 * @param classNames One per column of the logits.
 * @param givesProbabilities Whether they are no logits but probabilities.
 * @throws {RangeError} when the lengths do not fit.
 */
export function scoreLogits(
  logits: Float32Array,
  labels: ArrayLike<number>,
  classNames: readonly string[],
  givesProbabilities = false,
): Scores {
  const classes = classNames.length;
  if (logits.length !== labels.length * classes) {
    throw new RangeError(
      `Cannot score ${logits.length} logits of ${labels.length} images in ${classes} classes.`,
    );
  }
  const confusion = classNames.map(() => new Array<number>(classes).fill(0));
  const mistakes: Mistake[] = [];
  let lossSum = 0;
  for (let index = 0; index < labels.length; index++) {
    const truth = labels[index]!;
    const row = logits.subarray(index * classes, (index + 1) * classes);
    const prediction = largestIndex(row);
    const probabilities = probabilitiesOf(row, givesProbabilities);
    const loss = lossOf(row, truth, givesProbabilities);
    lossSum += loss;
    confusion[truth]![prediction]!++;
    if (prediction !== truth) {
      mistakes.push({ index, truth, prediction, confidence: probabilities[prediction]!, loss });
    }
  }
  const correct = labels.length - mistakes.length;
  return {
    images: labels.length,
    correct,
    accuracy: correct / labels.length,
    loss: lossSum / labels.length,
    classes: classNames.map((name, i) => scoreClass(name, i, confusion)),
    confusion,
    mistakes: mistakes.sort((a, b) => b.loss - a.loss || a.index - b.index),
  };
}

/** The probabilities of one image's classes: the outputs themselves, or their softmax. */
export function probabilitiesOf(outputs: Float32Array, givesProbabilities: boolean): Float64Array {
  return givesProbabilities ? Float64Array.from(outputs) : softmax(outputs);
}

/** −ln of the true class's probability; that of the smallest number above 0 where a network gives none at all. */
function lossOf(outputs: Float32Array, truth: number, givesProbabilities: boolean): number {
  if (givesProbabilities) return -Math.log(Math.max(outputs[truth]!, Number.MIN_VALUE));
  return logSumExp(outputs) - outputs[truth]!;
}

function scoreClass(name: string, index: number, confusion: readonly (readonly number[])[]): ClassScores {
  const images = confusion[index]!.reduce((a, b) => a + b, 0);
  const predicted = confusion.reduce((sum, row) => sum + row[index]!, 0);
  const correct = confusion[index]![index]!;
  const precision = predicted === 0 ? null : correct / predicted;
  const recall = images === 0 ? null : correct / images;
  const f1 = precision === null || recall === null
    ? null
    : correct === 0
    ? 0
    : 2 * precision * recall / (precision + recall);
  return { name, images, predicted, correct, precision, recall, f1 };
}
