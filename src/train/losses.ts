/**
 * The losses, on logits [batch, classes]: cross entropy with label smoothing (Szegedy et al., 2016), and the symmetric
 * Kullback-Leibler term of R-Drop (Liang et al., 2021, equation 2).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/**
 * Cross entropy against smoothed labels, averaged over the batch.
 *
 * ```text
 * q = (1 − ε)·onehot(label) + ε/K        L = −mean_batch Σ_k q_k·log p_k
 * ```
 *
 * @param logits [batch, classes].
 * @param labels Class indices, int32 [batch].
 * @param smoothing ε.
 * @returns A scalar.
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D, smoothing: number): tf.Scalar {
  return tf.tidy(() => {
    const classes = logits.shape[1];
    const targets = tf.oneHot(labels, classes).mul(1 - smoothing).add(smoothing / classes);
    return targets.mul(tf.logSoftmax(logits)).sum(1).mean<tf.Scalar>().neg();
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
 * @param labels Class indices, int32 [batch].
 * @param options α and the label smoothing ε.
 * @returns A scalar.
 */
export function rDropLoss(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  labels: tf.Tensor1D,
  options: { alpha: number; smoothing: number },
): tf.Scalar {
  return tf.tidy(() =>
    crossEntropy(first, labels, options.smoothing)
      .add(crossEntropy(second, labels, options.smoothing))
      .add(symmetricDivergence(first, second).mul(options.alpha))
  );
}
