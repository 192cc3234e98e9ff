/**
 * Networks as layers of TensorFlow.js, which train.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { BN_EPSILON, BN_MOMENTUM } from "./batch_norm.ts";
import { heNormal, normal, type Seed, zeros } from "./initializers.ts";
import { channelsOf, type Convolution, type LayerBuilder, reachOf, zeroPad } from "./layer_builder.ts";
import { BatchNormalization } from "./layers/batch_normalization.ts";
import { GroupedConv2D } from "./layers/grouped_conv2d.ts";
import { isSamePadding } from "./padding.ts";

/**
 * Standard layers, with fresh weights.
 *
 * @param seed The same seed gives the same weights; null leaves kernels at zero, to be loaded.
 */
export function tfjsLayers(seed: Seed): LayerBuilder<tf.SymbolicTensor> {
  const net: LayerBuilder<tf.SymbolicTensor> = {
    // A layer of zero padding stands in front only where "same" pads otherwise.
    convolution(x, conv) {
      const { name, stride, padding } = conv;
      const applied = (x: tf.SymbolicTensor, mode: "same" | "valid") =>
        applyConvolution(convolutionLayer(conv, channelsOf(x), mode, seed), x, conv.fixedKernel);
      if (padding === "valid") return applied(x, "valid");
      const window = { mode: padding, kernel: reachOf(conv), stride };
      return isSamePadding(x, window)
        ? applied(x, "same")
        : applied(zeroPad(net, x, `${name}_pad`, window), "valid");
    },
    batchNorm: (x, name) => apply(batchNorm(name), x),
    zeroPad: (x, name, [vertical, horizontal]) =>
      apply(tf.layers.zeroPadding2d({ name, padding: [[...vertical], [...horizontal]] }), x),
    averagePool: (x, name, { size, stride }) =>
      apply(tf.layers.averagePooling2d({ name, poolSize: size, strides: stride, padding: "valid" }), x),
    globalAveragePool: (x, name) => apply(tf.layers.globalAveragePooling2d({ name }), x),
    dense(x, { name, units, activation, deviation }) {
      const kernelInitializer = deviation === undefined
        ? heNormal(channelsOf(x), seed, name)
        : normal(deviation, seed, name);
      return apply(tf.layers.dense({ name, units, activation, kernelInitializer }), x);
    },
    reshape: (x, name, shape) => apply(tf.layers.reshape({ name, targetShape: [...shape] }), x),
    add: (values, name) => apply(tf.layers.add({ name }), [...values]),
    multiply: (values, name) => apply(tf.layers.multiply({ name }), [...values]),
    activation: (x, name, activation) =>
      apply(activation === "relu" ? tf.layers.reLU({ name }) : tf.layers.activation({ name, activation }), x),
    leakyRelu: (x, name, slope) => apply(tf.layers.leakyReLU({ name, alpha: slope }), x),
  };
  return net;
}

/** BatchNorm over the channels of an NHWC tensor: γ = 1, β = 0, μ = 0, σ² = 1 at the start. */
export function batchNorm(name: string): tf.layers.Layer {
  return new BatchNormalization({ name, axis: -1, epsilon: BN_EPSILON, momentum: BN_MOMENTUM });
}

/**
 * Conv2D without groups, DepthwiseConv2D where every group is one channel, GroupedConv2D between the two; the last also for
 * whatever is dilated, since the others then have no gradients, or no dilation.
 */
function convolutionLayer(
  conv: Convolution,
  channels: number,
  padding: "same" | "valid",
  seed: Seed,
): tf.layers.Layer {
  const { name, filters, kernel, stride, groups, dilation = 1, useBias = false } = conv;
  const activation = conv.carriedActivation ?? "linear";
  const kernelSize: [number, number] = [...kernel];
  const strides: [number, number] = [stride, stride];
  const fanIn = kernel[0] * kernel[1] * channels / groups;
  const initializer = conv.startsAtZero === true ? zeros() : heNormal(fanIn, seed, name);
  const shared = { name, kernelSize, strides, padding, useBias, activation };
  if (dilation > 1) {
    const dilationRate = [dilation, dilation] as const;
    return new GroupedConv2D({ ...shared, filters, groups, dilationRate, kernelInitializer: initializer });
  }
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

/** The convolution's output; where its kernel is fixed, the layer has it and leaves it as it is. */
function applyConvolution(
  layer: tf.layers.Layer,
  x: tf.SymbolicTensor,
  fixedKernel: Convolution["fixedKernel"],
): tf.SymbolicTensor {
  const output = apply(layer, x);
  if (fixedKernel === undefined) return output;
  layer.trainable = false;
  tf.tidy(() => {
    const [kernel, ...others] = layer.getWeights();
    layer.setWeights([tf.tensor([...fixedKernel], kernel!.shape), ...others]);
  });
  return output;
}

/** The layer's output, with the one-tensor type that every layer used here returns. */
function apply(
  layer: tf.layers.Layer,
  input: tf.SymbolicTensor | tf.SymbolicTensor[],
): tf.SymbolicTensor {
  return layer.apply(input) as tf.SymbolicTensor;
}
