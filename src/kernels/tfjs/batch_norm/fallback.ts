/**
 * The kernels of BatchNorm for training, with their plain references.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Operation } from "../fallback/operation.ts";

/** Inputs of the forward kernel. */
export type TrainingInputs = Record<
  /** [..., channels]. */
  | "x"
  /** γ and β, [channels]. */
  | "gamma"
  | "beta",
  tf.Tensor
>;

/** Inputs of the backward kernel. */
export type TrainingGradientInputs = Record<
  /** Gradient of the loss by y, like x. */
  | "dy"
  /** [..., channels]. */
  | "x"
  /** γ, [channels]. */
  | "gamma"
  /** What the forward kernel found, [channels]. */
  | "mean"
  | "variance",
  tf.Tensor
>;

/** Attributes of both kernels. */
export interface BatchNormAttributes {
  /** ε, added to the variance before the root. */
  readonly epsilon: number;
}

/** Attributes of a backward kernel. */
export interface OverwritingAttributes {
  /** Whether dx may take the place of an x that nobody else holds; by default it may not. */
  readonly overwrites?: boolean;
}

/**
 * Normalizes by the statistics of the batch, over all axes but the last. Outputs: y, μ, σ²; the variance is the biased one.
 *
 * ```text
 * μ = mean x        σ² = mean (x − μ)²        y = γ·(x − μ)/√(σ² + ε) + β
 * ```
 */
export const TRAINING: Operation<TrainingInputs, BatchNormAttributes> = {
  kernelName: "BatchNormTraining",
  fallback: ({ x, gamma, beta }, { epsilon }) => {
    const { mean, variance } = tf.moments(x, reducedAxes(x));
    const scale = gamma.mul(variance.add(epsilon).rsqrt());
    return [x.sub(mean).mul(scale).add(beta), mean, variance];
  },
};

/**
 * The gradient of {@link TRAINING}, through μ and σ² as well (Ioffe and Szegedy, 2015, section 3). Outputs: dx, dγ, dβ.
 *
 * ```text
 * dβ = Σ dy        dγ = Σ dy·x̂        dx = γ/√(σ² + ε) · (dy − dβ/n − x̂·dγ/n)        x̂ = (x − μ)/√(σ² + ε)
 * ```
 */
export const TRAINING_GRADIENT: Operation<
  TrainingGradientInputs,
  BatchNormAttributes & OverwritingAttributes
> = {
  kernelName: "BatchNormTrainingGrad",
  fallback: ({ dy, x, gamma, mean, variance }, { epsilon }) => {
    const axes = reducedAxes(x);
    const rows = x.size / gamma.size;
    const inverse = variance.add(epsilon).rsqrt();
    const normalized = x.sub(mean).mul(inverse);
    const dbeta = dy.sum(axes);
    const dgamma = dy.mul(normalized).sum(axes);
    const dx = dy.sub(dbeta.div(rows)).sub(normalized.mul(dgamma.div(rows))).mul(gamma.mul(inverse));
    return [dx, dgamma, dbeta];
  },
};

/** All axes but the last. */
function reducedAxes(x: tf.Tensor): number[] {
  return x.shape.slice(0, -1).map((_, axis) => axis);
}
