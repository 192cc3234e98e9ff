/**
 * Squeeze-and-excitation (Hu et al., CVPR 2018): a gate per channel, computed from the channels' means. It is not
 * affine, so it stays in the deploy form, after the fused convolution.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { apply } from "./apply.ts";
import { heNormal, type Seed } from "./initializers.ts";

/** Channels per neuron of the bottleneck, as RepVGG and MobileOne have it. */
const REDUCTION = 16;

/**
 * x · sigmoid(W₂·ReLU(W₁·mean(x) + b₁) + b₂), the mean over height and width; x is [N, H, W, C].
 *
 * Layers: `se_pool`, `se_reduce`, `se_expand`, `se_reshape`, `se` under the place's name.
 */
export function squeezeExcite(
  x: tf.SymbolicTensor,
  { name, seed }: { readonly name: string; readonly seed: Seed },
): tf.SymbolicTensor {
  const channels = Number(x.shape.at(-1));
  const neurons = Math.max(1, Math.floor(channels / REDUCTION));
  const dense = (layer: string, units: number, fanIn: number, activation: "relu" | "sigmoid") =>
    tf.layers.dense({
      name: `${name}/${layer}`,
      units,
      activation,
      kernelInitializer: heNormal(fanIn, seed, `${name}/${layer}`),
    });
  const pooled = apply(tf.layers.globalAveragePooling2d({ name: `${name}/se_pool` }), x);
  const reduced = apply(dense("se_reduce", neurons, channels, "relu"), pooled);
  const gate = apply(dense("se_expand", channels, neurons, "sigmoid"), reduced);
  const spread = apply(
    tf.layers.reshape({ name: `${name}/se_reshape`, targetShape: [1, 1, channels] }),
    gate,
  );
  return apply(tf.layers.multiply({ name: `${name}/se` }), [x, spread]);
}
