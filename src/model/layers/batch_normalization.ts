/**
 * The standard BatchNormalization layer with a faster `call` for training. Its class name, configuration and weights are
 * those of tf.layers, so a saved model loads wherever the standard layer does. It is not registered: models that are
 * loaded have the standard one.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchNormTraining } from "../../kernels/batch_norm/training.ts";
import { moveTowards } from "../../kernels/variables/moving_average.ts";

/** What the layer takes; the same as `tf.layers.batchNormalization`. */
export type BatchNormalizationConfig = NonNullable<Parameters<typeof tf.layers.batchNormalization>[0]>;

/** The members of tf.layers' class that are used here; its type is not exported. */
interface StandardLayer extends tf.layers.Layer {
  readonly axis: number;
  momentum: number;
  readonly epsilon: number;
  readonly gamma: tf.LayerVariable | undefined;
  readonly beta: tf.LayerVariable | undefined;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
}

/** tf.layers' class, which is exported by its name in the registry alone. */
const Standard = tf.serialization.SerializationMap.getMap()
  .classNameMap["BatchNormalization"]![0] as unknown as new (
    config: BatchNormalizationConfig,
  ) => StandardLayer;

/**
 * y = γ·(x − μ)/√(σ² + ε) + β, with the statistics of the batch in training, which also move the running ones:
 * `running = momentum·running + (1 − momentum)·batch`, and with the running ones in inference.
 */
export class BatchNormalization extends Standard {
  /**
   * @param inputs [..., channels].
   * @param kwargs `training`, false by default.
   */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor | tf.Tensor[] {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    if (kwargs["training"] !== true || !this.isServed(x)) return super.call(inputs, kwargs);
    return tf.tidy(() => {
      const { y, mean, variance } = batchNormTraining(x, this.gamma!.read(), this.beta!.read(), this.epsilon);
      const running = [this.movingMean.read(), this.movingVariance.read()] as tf.Variable[];
      moveTowards(running, [mean, variance], 1 - this.momentum);
      return y;
    });
  }

  /** Other axes, and layers without γ or β, are left to the standard layer. */
  private isServed(x: tf.Tensor): boolean {
    const lastAxis = this.axis === -1 || this.axis === x.rank - 1;
    return lastAxis && x.size > 0 && this.gamma !== undefined && this.beta !== undefined;
  }
}
