/**
 * The block of "RepVGG: Making VGG-style ConvNets Great Again" (Ding et al., CVPR 2021), figure 2:
 *
 *     y = ReLU(BN(3x3 ∗ x) + BN(1x1 ∗ x) + BN(x))
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { apply } from "../apply.ts";
import { batchNorm } from "../batch_norm.ts";
import { type Convolution, convolutionBn } from "../convolution.ts";
import { addBranches, type BlockPlace, keepsShape } from "./block.ts";

/** What varies between RepVGG blocks. */
export interface RepVggOptions {
  /** Branches beside the 3x3 convolution. The identity exists only where input and output have one shape. */
  readonly branches: { readonly conv1x1: boolean; readonly identity: boolean };
}

/**
 * The block over x [N, H, W, C]: [N, H', W', filters].
 *
 * Layers: `conv3x3`, `conv3x3_bn`, `conv1x1`, `conv1x1_bn`, `identity_bn`, `add`, `relu` under the place's name.
 */
export function repVggBlock(
  x: tf.SymbolicTensor,
  place: BlockPlace,
  { branches }: RepVggOptions,
): tf.SymbolicTensor {
  const { name, filters, stride, padding, seed } = place;
  const conv = (size: number): Convolution => ({
    name: `${name}/conv${size}x${size}`,
    filters,
    kernel: [size, size],
    stride,
    padding,
    seed,
  });
  const outputs = [convolutionBn(x, conv(3))];
  if (branches.conv1x1) outputs.push(convolutionBn(x, conv(1)));
  if (branches.identity && keepsShape(x, place)) outputs.push(apply(batchNorm(`${name}/identity_bn`), x));
  return apply(tf.layers.reLU({ name: `${name}/relu` }), addBranches(outputs, place));
}
