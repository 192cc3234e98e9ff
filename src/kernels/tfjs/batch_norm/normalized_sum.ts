/**
 * The end of a re-parameterizable block in training, ReLU(Σ BatchNorm(x)), as one differentiable operation: the
 * normalized branches, their sum and the gradient in front of ReLU are never in memory.
 *
 * Importing this module registers the gradient.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { runOperation } from "../fallback/operation.ts";
import { isLastBackwardPass } from "./backward_pass.ts";
import {
  NORMALIZED_SUM,
  NORMALIZED_SUM_GRADIENT,
  type NormalizedSumAttributes,
  splitEvenly,
} from "./fallback_sum.ts";

/** One term of the sum. */
export interface NormalizedTerm {
  /** float32 [..., channels]. */
  readonly x: tf.Tensor;
  /** γ, float32 [channels]. */
  readonly gamma: tf.Tensor;
  /** β, float32 [channels]. */
  readonly beta: tf.Tensor;
  /** ε. */
  readonly epsilon: number;
}

/** Most terms of one sum. */
export const MAXIMUM_TERMS = 16;

/** Result of {@link normalizedSum}. */
export interface NormalizedSum {
  /** Like the x. */
  readonly y: tf.Tensor;
  /** μ of the batch, [channels], by term. */
  readonly means: tf.Tensor[];
  /** σ² of the batch, biased, [channels], by term. */
  readonly variances: tf.Tensor[];
}

/**
 * y = ReLU(Σ γ·(x − μ)/√(σ² + ε) + β), each term normalized over all axes but the last. Gradients flow from y to every x,
 * γ and β; gradients that come in through the statistics are left out.
 *
 * @param terms 1 to 16, with x of one shape, not empty.
 * @throws {RangeError} when there are more.
 */
export function normalizedSum(terms: readonly NormalizedTerm[]): NormalizedSum {
  if (terms.length > MAXIMUM_TERMS) {
    throw new RangeError(`Cannot add ${terms.length} normalized tensors at once: ${MAXIMUM_TERMS} at most.`);
  }
  const inputs = [
    ...terms.map(({ x }) => x),
    ...terms.map(({ gamma }) => gamma),
    ...terms.map(({ beta }) => beta),
  ];
  const epsilons = terms.map(({ epsilon }) => epsilon);
  const [y, ...statistics] = runOperation(NORMALIZED_SUM, inputs, { epsilons });
  const [means, variances] = splitEvenly(statistics, 2);
  return { y: y!, means: means!, variances: variances! };
}

tf.registerGradient({
  kernelName: NORMALIZED_SUM.kernelName,
  saveAllInputs: true,
  outputsToSave: Array.from({ length: 1 + 2 * MAXIMUM_TERMS }, () => true),
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as tf.Tensor[];
    const { epsilons } = attrs as unknown as NormalizedSumAttributes;
    const count = epsilons.length;
    const [xs, gammas] = splitEvenly(saved.slice(0, 3 * count), 3);
    const [y, ...statistics] = saved.slice(3 * count);
    const inputs = [dy!, y!, ...xs!, ...gammas!, ...statistics];
    const gradients = runOperation(NORMALIZED_SUM_GRADIENT, inputs, {
      epsilons,
      overwrites: isLastBackwardPass(),
    });
    return Object.fromEntries(gradients.map((gradient, index) => [index, () => gradient]));
  },
});
