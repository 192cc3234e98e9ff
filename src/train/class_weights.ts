/**
 * How much an image counts so that every class counts alike: N / (K·n) for each of the n images of a class.
 *
 * @module
 */
import type { Labels } from "../data/dataset.ts";

/** One weight per class; 0 for a class without images. Over all images their mean is 1 where every class has some. */
export function balancedWeights(labels: Labels, classCount: number): Float32Array<ArrayBuffer> {
  const counts = new Float32Array(classCount);
  for (const label of labels) counts[label]!++;
  return counts.map((count) => count === 0 ? 0 : labels.length / (classCount * count));
}
