/**
 * BatchNorm with the statistics of the batch as one differentiable operation. tf.layers composes it of moments and
 * `tf.batchNorm`, whose gradients take some twenty passes over the data, with copies; here it is two kernels. On a backend that lacks them the fallback serves.
 *
 * Importing this module registers the gradient.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { runOperation } from "../fallback/operation.ts";
import { isLastBackwardPass } from "./backward_pass.ts";
import { type BatchNormAttributes, TRAINING, TRAINING_GRADIENT } from "./fallback.ts";

/** Result of {@link batchNormTraining}. */
export interface NormalizedBatch {
  /** Like the input. */
  readonly y: tf.Tensor;
  /** μ of the batch, [channels]. */
  readonly mean: tf.Tensor;
  /** σ² of the batch, biased, [channels]. */
  readonly variance: tf.Tensor;
}

/**
 * Normalizes over all axes but the last: y = γ·(x − μ)/√(σ² + ε) + β. Gradients flow from y to x, γ and β; the
 * statistics are for the running averages, and gradients that come in through them are left out.
 *
 * @param x float32 [..., channels], not empty.
 * @param gamma γ, float32 [channels].
 * @param beta β, float32 [channels].
 * @param epsilon ε.
 */
export function batchNormTraining(
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
): NormalizedBatch {
  const [y, mean, variance] = runOperation(TRAINING, { x, gamma, beta }, { epsilon });
  return { y: y!, mean: mean!, variance: variance! };
}

tf.registerGradient({
  kernelName: TRAINING.kernelName,
  inputsToSave: ["x", "gamma"],
  outputsToSave: [false, true, true],
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as tf.Tensor[];
    const [x, gamma, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const { epsilon } = attrs as unknown as BatchNormAttributes;
    const [dx, dgamma, dbeta] = runOperation(
      TRAINING_GRADIENT,
      { dy: dy!, x, gamma, mean, variance },
      { epsilon, overwrites: isLastBackwardPass() },
    );
    return { x: () => dx!, gamma: () => dgamma!, beta: () => dbeta! };
  },
});
