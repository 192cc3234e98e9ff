/**
 * BatchNorm statistics recomputed after training: exact means over N batches instead of a moving average that still
 * remembers older weights (Wu and Johnson, 2021, "PreciseBN").
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** The momentum of a BatchNormalization layer, which tf.layers keeps private. */
interface HasMomentum {
  momentum: number;
}

/**
 * Replaces every BatchNormalization layer's running mean and variance by the mean, over the batches, of the batch
 * statistics: `m_i = m_{i−1}·(i−1)/i + b_i/i`.
 *
 * @param model The model; only its running statistics change.
 * @param batches Training images, [batch, h, w, c] each, or what `forward` takes. They are not disposed.
 * @param forward Runs a batch in training through the whole network, or the part of it whose statistics are recomputed.
 */
export function recalibrate(
  model: tf.LayersModel,
  batches: Iterable<tf.Tensor>,
  forward: (batch: tf.Tensor) => tf.Tensor = (batch) => model.apply(batch, { training: true }) as tf.Tensor,
): void {
  const layers = model.layers
    .filter((layer) => layer.getClassName() === "BatchNormalization") as unknown as HasMomentum[];
  const momenta = layers.map((layer) => layer.momentum);
  let count = 0;
  for (const batch of batches) {
    for (const layer of layers) layer.momentum = count / (count + 1);
    tf.tidy(() => forward(batch));
    count++;
  }
  layers.forEach((layer, index) => layer.momentum = momenta[index]!);
}
