/**
 * What a classifier's logits are worth on labelled images: accuracy, loss, the confusion matrix, precision and recall of
 * each class, and the images it is most wrong about. Pure, and without TensorFlow.js.
 *
 * @module
 */
import { largestIndex, logSumExp } from "../graph/class_scores.ts";
import type { ModelCard } from "./classifier.ts";
import { probabilitiesOf } from "./probabilities.ts";

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
  /** Its place among the images. */
  readonly index: number;
  /** Its file, where it has one. */
  readonly picture?: string;
  /** Class indices. */
  readonly truth: number;
  readonly prediction: number;
  /** Softmax probability of the prediction. */
  readonly confidence: number;
  /** −ln of the softmax probability of the true class. */
  readonly loss: number;
}

/** Images of one class that were taken for one class. */
export interface Confusion {
  /** Class indices. */
  readonly truth: number;
  readonly prediction: number;
  readonly images: number;
}

/** The whole of an evaluation. */
export interface Scores {
  readonly images: number;
  readonly correct: number;
  /** correct / images. */
  readonly accuracy: number;
  /** Share of the images whose class is among the first five; null where there are no more than five classes. */
  readonly top5Accuracy: number | null;
  /** Mean cross entropy. */
  readonly loss: number;
  readonly classes: readonly ClassScores[];
  /** Every pair that was met, by truth, then prediction. Of a thousand classes it is a small part of the matrix. */
  readonly confusion: readonly Confusion[];
  /** Every misclassified image, the largest loss first. */
  readonly mistakes: readonly Mistake[];
}

/** What of a card tells how outputs are read. */
export type OutputCard = Pick<ModelCard, "classNames" | "givesProbabilities">;

/** Guesses that count as a hit of {@link Scores.top5Accuracy}. */
const TOP = 5;

/**
 * Scores logits.
 *
 * @param logits [n, classes], row by row; [n, 1] of two classes.
 * @param labels Class indices, [n].
 * @throws {RangeError} when the lengths do not fit.
 */
export function scoreLogits(logits: Float32Array, labels: ArrayLike<number>, card: OutputCard): Scores {
  const keeper = new ScoreKeeper(card);
  keeper.add(logits, labels);
  return keeper.scores();
}

/** Scores that are kept batch by batch. */
export class ScoreKeeper {
  /** By truth · classes + prediction. */
  private readonly counts = new Map<number, number>();
  private readonly mistakes: Mistake[] = [];
  private images = 0;
  private lossSum = 0;
  private hits = 0;

  constructor(private readonly card: OutputCard) {}

  /**
   * Takes some more images in.
   *
   * @param logits [n, classes], row by row; [n, 1] of two classes.
   * @param labels Class indices, [n].
   * @throws {RangeError} when the lengths do not fit.
   */
  add(logits: Float32Array, labels: ArrayLike<number>): void {
    const { card } = this;
    const classes = card.classNames.length;
    const outputs = logits.length / labels.length;
    if (outputs !== classes && !(outputs === 1 && classes === 2)) {
      throw new RangeError(
        `Cannot score ${logits.length} logits of ${labels.length} images in ${classes} classes.`,
      );
    }
    for (let i = 0; i < labels.length; i++) {
      const truth = labels[i]!;
      const row = logits.subarray(i * outputs, (i + 1) * outputs);
      const probabilities = probabilitiesOf(row, classes, card.givesProbabilities);
      const prediction = largestIndex(outputs === 1 ? probabilities : row);
      const loss = lossOf(row, probabilities[truth]!, truth, card);
      this.lossSum += loss;
      const pair = truth * classes + prediction;
      this.counts.set(pair, (this.counts.get(pair) ?? 0) + 1);
      if (probabilities.filter((probability) => probability > probabilities[truth]!).length < TOP) {
        this.hits++;
      }
      if (prediction !== truth) {
        const confidence = probabilities[prediction]!;
        this.mistakes.push({ index: this.images + i, truth, prediction, confidence, loss });
      }
    }
    this.images += labels.length;
  }

  /** What they are worth together. */
  scores(): Scores {
    const { images, card: { classNames }, mistakes } = this;
    const classes = classNames.length;
    const confusion = [...this.counts].sort(([a], [b]) => a - b).map(([pair, images]) => ({
      truth: Math.floor(pair / classes),
      prediction: pair % classes,
      images,
    }));
    const correct = images - mistakes.length;
    return {
      images,
      correct,
      accuracy: correct / images,
      top5Accuracy: classes > TOP ? this.hits / images : null,
      loss: this.lossSum / images,
      classes: classScores(classNames, confusion),
      confusion,
      mistakes: [...mistakes].sort((a, b) => b.loss - a.loss || a.index - b.index),
    };
  }
}

/**
 * The classes that are worth a line where there is no room for all: those with the most mistakes, in their order. Classes that
 * no image is of, and none was taken for, are never among them.
 *
 * @returns Class indices, `most` at most.
 */
export function notableClasses({ classes }: Pick<Scores, "classes">, most: number): number[] {
  const mistakes = ({ images, predicted, correct }: ClassScores) => images + predicted - 2 * correct;
  return [...classes.keys()]
    .filter((i) => classes[i]!.images + classes[i]!.predicted > 0)
    .sort((a, b) => mistakes(classes[b]!) - mistakes(classes[a]!) || a - b)
    .slice(0, most)
    .sort((a, b) => a - b);
}

/** The class that each image is taken for, by [n, classes] or [n, 1] outputs. */
export function predictedClasses(outputs: Float32Array, images: number, card: OutputCard): number[] {
  const length = outputs.length / images;
  return Array.from({ length: images }, (_, i) => {
    const row = outputs.subarray(i * length, (i + 1) * length);
    return largestIndex(
      length === 1 ? probabilitiesOf(row, card.classNames.length, card.givesProbabilities) : row,
    );
  });
}

/** −ln of the true class's probability; that of the smallest number above 0 where a network gives none at all. */
function lossOf(
  outputs: Float32Array,
  probability: number,
  truth: number,
  { givesProbabilities }: OutputCard,
): number {
  if (givesProbabilities) return -Math.log(Math.max(probability, Number.MIN_VALUE));
  // A logit of its own is one of two of which the other is 0.
  const logits = outputs.length === 1 ? [0, outputs[0]!] : outputs;
  return logSumExp(logits) - logits[truth]!;
}

function classScores(classNames: readonly string[], confusion: readonly Confusion[]): ClassScores[] {
  const [of, taken, right] = [0, 1, 2].map(() => new Array<number>(classNames.length).fill(0)) as [
    number[],
    number[],
    number[],
  ];
  for (const { truth, prediction, images } of confusion) {
    of[truth]! += images;
    taken[prediction]! += images;
    if (truth === prediction) right[truth]! += images;
  }
  return classNames.map((name, i) => {
    const [images, predicted, correct] = [of[i]!, taken[i]!, right[i]!];
    const precision = predicted === 0 ? null : correct / predicted;
    const recall = images === 0 ? null : correct / images;
    const f1 = precision === null || recall === null
      ? null
      : correct === 0
      ? 0
      : 2 * precision * recall / (precision + recall);
    return { name, images, predicted, correct, precision, recall, f1 };
  });
}
