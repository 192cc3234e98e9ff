/**
 * Convolution, and BatchNorm after it: what every branch of every block is made of.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { apply } from "./apply.ts";
import { batchNorm } from "./batch_norm.ts";
import { heNormal, type Seed } from "./initializers.ts";
import { type ActivationName, GroupedConv2D } from "./layers/grouped_conv2d.ts";
import { isSamePadding, type PaddingMode, zeroPad } from "./padding.ts";

/** One convolution over an NHWC tensor. */
export interface Convolution {
  /** Layer name; the layers beside it append `_pad` and `_bn`. */
  readonly name: string;
  /** Output channels. */
  readonly filters: number;
  /** Kernel height and width. */
  readonly kernel: readonly [height: number, width: number];
  /** Pixels between windows, along both axes. */
  readonly stride: number;
  /** Output channel o sees the input channels of group ⌊o·groups/filters⌋ alone. */
  readonly groups: number;
  /** "valid" where the input is padded already. */
  readonly padding: PaddingMode | "valid";
  /** The network's seed; the kernel starts He normal, or at zero without a seed. */
  readonly seed: Seed;
  /** Whether a bias is added; none by default, since a BatchNorm follows. */
  readonly useBias?: boolean;
  /** The activation that the layer applies itself; none by default, since in a training form it follows an addition. */
  readonly carriedActivation?: ActivationName;
}

/** x [N, H, W, C] convolved: [N, H', W', filters]. A layer of zero padding stands in front only where "same" pads otherwise. */
export function convolution(x: tf.SymbolicTensor, conv: Convolution): tf.SymbolicTensor {
  const { name, kernel, stride, padding } = conv;
  if (padding === "valid") return apply(convolutionLayer(conv, channelsOf(x), "valid"), x);
  const window = { mode: padding, kernel, stride };
  if (isSamePadding(x, window)) return apply(convolutionLayer(conv, channelsOf(x), "same"), x);
  return apply(convolutionLayer(conv, channelsOf(x), "valid"), zeroPad(x, `${name}_pad`, window));
}

/** x convolved, then normalized: γ·(w ∗ x − μ)/√(σ² + ε) + β. */
export function convolutionBn(x: tf.SymbolicTensor, conv: Convolution): tf.SymbolicTensor {
  return apply(batchNorm(`${conv.name}_bn`), convolution(x, conv));
}

/** Conv2D without groups, DepthwiseConv2D where every group is one channel, GroupedConv2D between the two. */
function convolutionLayer(
  { name, filters, kernel, stride, groups, seed, useBias = false, carriedActivation = "linear" }: Convolution,
  channels: number,
  padding: "same" | "valid",
): tf.layers.Layer {
  const kernelSize: [number, number] = [...kernel];
  const strides: [number, number] = [stride, stride];
  const fanIn = kernel[0] * kernel[1] * channels / groups;
  const initializer = heNormal(fanIn, seed, name);
  const shared = { name, kernelSize, strides, padding, useBias, activation: carriedActivation };
  if (groups === 1) return tf.layers.conv2d({ ...shared, filters, kernelInitializer: initializer });
  if (groups === channels) {
    return tf.layers.depthwiseConv2d({
      ...shared,
      depthMultiplier: filters / channels,
      depthwiseInitializer: initializer,
    });
  }
  return new GroupedConv2D({ ...shared, filters, groups, kernelInitializer: initializer });
}

function channelsOf(x: tf.SymbolicTensor): number {
  return Number(x.shape.at(-1));
}
