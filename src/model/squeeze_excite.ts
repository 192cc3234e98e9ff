/**
 * Squeeze-and-excitation (Hu et al., CVPR 2018): a gate per channel, computed from the channels' means. It is not
 * affine, so it stays in the deploy form, after the fused convolution.
 *
 * @module
 */
import { channelsOf, type LayerBuilder, type LayerValue } from "./layer_builder.ts";

/** Channels per neuron of the bottleneck, as RepVGG and MobileOne have it. */
const REDUCTION = 16;

/**
 * x · sigmoid(W₂·ReLU(W₁·mean(x) + b₁) + b₂), the mean over height and width; x is [N, H, W, C].
 *
 * Layers: `se_pool`, `se_reduce`, `se_expand`, `se_reshape`, `se` under the place's name.
 */
export function squeezeExcite<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  { name }: { readonly name: string },
): X {
  const channels = channelsOf(x);
  const neurons = Math.max(1, Math.floor(channels / REDUCTION));
  const pooled = net.globalAveragePool(x, `${name}/se_pool`);
  const reduced = net.dense(pooled, { name: `${name}/se_reduce`, units: neurons, activation: "relu" });
  const gate = net.dense(reduced, { name: `${name}/se_expand`, units: channels, activation: "sigmoid" });
  return net.multiply([x, net.reshape(gate, `${name}/se_reshape`, [1, 1, channels])], `${name}/se`);
}
