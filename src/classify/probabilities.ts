/**
 * What a network's outputs for one image say of its classes. Exported modules and pages carry this file.
 *
 * @module
 */
import { softmax } from "../graph/class_scores.ts";

/**
 * The probabilities of one image's classes: the outputs themselves, or their softmax. One number of two classes is the
 * second's, or its logit.
 *
 * @param classes How many.
 */
export function probabilitiesOf(
  outputs: Float32Array,
  classes: number,
  givesProbabilities: boolean,
): Float64Array {
  const [first = 0] = outputs;
  if (outputs.length === 1 && classes === 2) {
    return givesProbabilities ? Float64Array.of(1 - first, first) : softmax([0, first]);
  }
  return givesProbabilities ? Float64Array.from(outputs) : softmax(outputs);
}
