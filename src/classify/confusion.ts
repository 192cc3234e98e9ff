/**
 * The confusion matrix of an evaluation as a square of counts, small enough to be looked at: of many classes those with the
 * most mistakes, and all others as one.
 *
 * @module
 */
import { notableClasses, type Scores } from "./scores.ts";

/** Beyond this many classes the others are put together. */
const MOST_CLASSES = 100;
/** How many are then left apart: each can have its name and its numbers. */
const SHOWN_CLASSES = 19;

/** Counts of images by class. */
export interface ConfusionCounts {
  /** One name per class. */
  readonly classNames: readonly string[];
  /** counts[truth][prediction] */
  readonly counts: readonly (readonly number[])[];
}

/** The counts of all classes, or of the most notable ones and of "981 others". */
export function confusionCounts(scores: Pick<Scores, "classes" | "confusion">): ConfusionCounts {
  const { classes, confusion } = scores;
  const isWhole = classes.length <= MOST_CLASSES;
  const shown = isWhole ? [...classes.keys()] : notableClasses(scores, SHOWN_CLASSES);
  const place = new Map(shown.map((label, i) => [label, i]));
  const others = shown.length;
  const size = isWhole ? others : others + 1;
  const counts = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (const { truth, prediction, images } of confusion) {
    counts[place.get(truth) ?? others]![place.get(prediction) ?? others]! += images;
  }
  const names = shown.map((label) => classes[label]!.name);
  return { classNames: isWhole ? names : [...names, `${classes.length - others} others`], counts };
}
