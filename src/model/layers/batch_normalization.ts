/**
 * The standard BatchNormalization layer with a faster `call` for training. Its class name, configuration and weights are
 * those of tf.layers, so a saved model loads wherever the standard layer does. It is not registered: models that are
 * loaded have the standard one.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { batchNormTraining } from "../../kernels/tfjs/batch_norm/training.ts";
import type { NormalizedTerm } from "../../kernels/tfjs/batch_norm/normalized_sum.ts";
import { moveTowards } from "../../kernels/tfjs/variables/moving_average.ts";

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
  /** Whether the fast operations serve: the last axis, with γ and β. The standard layer serves all else. */
  get isFast(): boolean {
    const rank = this.inputSpec?.[0]?.ndim;
    const lastAxis = this.axis === -1 || this.axis + 1 === rank;
    return lastAxis && this.gamma !== undefined && this.beta !== undefined;
  }

  /**
   * Normalizes a batch, and in training moves the running statistics.
   *
   * @param inputs [..., channels].
   * @param kwargs `training`, false by default.
   */
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor | tf.Tensor[] {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    if (kwargs["training"] !== true || !this.isFast || x.size === 0) return super.call(inputs, kwargs);
    return tf.tidy(() => {
      const { gamma, beta, epsilon } = this.term(x);
      const { y, mean, variance } = batchNormTraining(x, gamma, beta, epsilon);
      this.moveStatistics(mean, variance);
      return y;
    });
  }

  /** x with what normalizes it; where {@link BatchNormalization.isFast}. */
  term(x: tf.Tensor): NormalizedTerm {
    return { x, gamma: this.gamma!.read(), beta: this.beta!.read(), epsilon: this.epsilon };
  }

  /** Moves the running statistics towards those of a batch, [channels] each. */
  moveStatistics(mean: tf.Tensor, variance: tf.Tensor): void {
    const running = [this.movingMean.read(), this.movingVariance.read()] as tf.Variable[];
    moveTowards(running, [mean, variance], 1 - this.momentum);
  }
}
