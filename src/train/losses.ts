/**
 * The losses, on logits [batch, classes]: cross entropy with label smoothing (Szegedy et al., 2016), and the symmetric
 * Kullback-Leibler term of R-Drop (Liang et al., 2021, equation 2).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What the logits of a batch are to say. */
export interface Targets {
  /** A distribution for every image, [batch, classes]. */
  readonly shares: tf.Tensor2D;
  /** How much every image counts, [batch]; all alike when not given. */
  readonly weights?: tf.Tensor1D;
}

/**
 * Labels as distributions: q = (1 − ε)·onehot(label) + ε/K.
 *
 * @param labels Class indices, int32 [batch].
 * @param classes K.
 * @param smoothing ε.
 * @param classWeights How much an image of every class counts, [classes]; all alike when not given.
 */
export function targetsOf(
  labels: tf.Tensor1D,
  classes: number,
  smoothing: number,
  classWeights?: tf.Tensor1D,
): Targets {
  const shares = tf.oneHot(labels, classes).mul<tf.Tensor2D>(1 - smoothing).add<tf.Tensor2D>(
    smoothing / classes,
  );
  return classWeights === undefined ? { shares } : { shares, weights: classWeights.gather(labels) };
}

/**
 * Cross entropy, averaged over the batch: L = Σ_i w_i·Σ_k −q_ik·log p_ik / Σ_i w_i.
 *
 * @param logits [batch, classes].
 * @returns A scalar.
 */
export function crossEntropy(logits: tf.Tensor2D, { shares, weights }: Targets): tf.Scalar {
  return tf.tidy(() => {
    const losses = shares.mul(tf.logSoftmax(logits)).sum<tf.Tensor1D>(1);
    if (weights === undefined) return losses.mean<tf.Scalar>().neg();
    return losses.mul(weights).sum().div(weights.sum()).neg().asScalar();
  });
}

/**
 * The disagreement of two predictions for the same images: `½·mean_batch (KL(p‖q) + KL(q‖p))`.
 *
 * @param first Logits of the first pass, [batch, classes].
 * @param second Logits of the second pass, [batch, classes].
 * @returns A scalar, zero exactly when both passes agree.
 */
export function symmetricDivergence(first: tf.Tensor2D, second: tf.Tensor2D): tf.Scalar {
  return tf.tidy(() => {
    const logP = tf.logSoftmax(first);
    const logQ = tf.logSoftmax(second);
    // KL(p‖q) + KL(q‖p) = Σ (p − q)·(log p − log q)
    return logP.exp().sub(logQ.exp()).mul(logP.sub(logQ)).sum(1).mean().mul(0.5);
  });
}

/**
 * The loss of R-Drop: `CE(first) + CE(second) + α·½·(KL(p‖q) + KL(q‖p))`.
 *
 * @param first Logits of the first pass, [batch, classes].
 * @param second Logits of the second pass, [batch, classes].
 * @returns A scalar.
 */
export function rDropLoss(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  targets: Targets,
  alpha: number,
): tf.Scalar {
  return tf.tidy(() =>
    crossEntropy(first, targets)
      .add(crossEntropy(second, targets))
      .add(symmetricDivergence(first, second).mul(alpha))
  );
}
