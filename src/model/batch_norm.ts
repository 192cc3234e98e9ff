/**
 * BatchNorm (Ioffe and Szegedy, 2015) with PyTorch's constants, in the one place that names them. The defaults of
 * TensorFlow.js are eps 1e-3 and momentum 0.99.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { BatchNormalization } from "./layers/batch_normalization.ts";

/** Added to the variance before the root: y = γ·(x − μ)/√(σ² + ε) + β. */
export const BN_EPSILON = 1e-5;

/** The share of the old running statistic that a step keeps. PyTorch calls 1 − 0.9 = 0.1 its momentum. */
export const BN_MOMENTUM = 0.9;

/** BatchNorm over the channels of an NHWC tensor: γ = 1, β = 0, μ = 0, σ² = 1 at the start. */
export function batchNorm(name: string): tf.layers.Layer {
  return new BatchNormalization({ name, axis: -1, epsilon: BN_EPSILON, momentum: BN_MOMENTUM });
}
