/**
 * The block of "RepVGG: Making VGG-style ConvNets Great Again" (Ding et al., CVPR 2021), figure 2:
 *
 *     y = ReLU(BN(3x3 ∗ x) + BN(1x1 ∗ x) + BN(x))
 *
 * and of "Make RepVGG Greater Again: A Quantization-aware Approach" (Chu et al., AAAI 2024), where the deploy form has
 * well-behaved weights because two BatchNorms are gone and one comes after the addition:
 *
 *     y = ReLU(BN(BN(3x3 ∗ x) + 1x1 ∗ x + x))
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { apply } from "../apply.ts";
import { batchNorm } from "../batch_norm.ts";
import { convolution, convolutionBn } from "../convolution.ts";
import { squeezeExcite } from "../squeeze_excite.ts";
import { activate, addBranches, type BlockPlace, keepsShape, placedConvolution } from "./block.ts";

/** What varies between RepVGG blocks. */
export interface RepVggOptions {
  /** Branches beside the 3x3 convolution. The identity exists only where input and output have one shape. */
  readonly branches: { readonly conv1x1: boolean; readonly identity: boolean };
  /** Squeeze-and-excitation between addition and activation. */
  readonly squeezeExcite: boolean;
  /** The block of QARepVGG. */
  readonly postAdditionBn: boolean;
}

/**
 * The block over x [N, H, W, C]: [N, H', W', filters].
 *
 * Layers: `conv3x3`, `conv3x3_bn`, `conv1x1`, `conv1x1_bn`, `identity_bn`, `add`, `relu` under the place's name;
 * in the QARepVGG form `conv3x3`, `conv3x3_bn`, `conv1x1`, `add`, `add_bn`, `relu`.
 */
export function repVggBlock(
  x: tf.SymbolicTensor,
  place: BlockPlace,
  options: RepVggOptions,
): tf.SymbolicTensor {
  const { branches, postAdditionBn } = options;
  const conv1x1 = placedConvolution(place, "conv1x1", 1);
  const outputs = [convolutionBn(x, placedConvolution(place, "conv3x3", 3))];
  if (branches.conv1x1) outputs.push(postAdditionBn ? convolution(x, conv1x1) : convolutionBn(x, conv1x1));
  if (branches.identity && keepsShape(x, place)) {
    outputs.push(postAdditionBn ? x : apply(batchNorm(`${place.name}/identity_bn`), x));
  }
  let y = addBranches(outputs, place);
  if (postAdditionBn) y = apply(batchNorm(`${place.name}/add_bn`), y);
  if (options.squeezeExcite) y = squeezeExcite(y, place);
  return activate(y, place);
}
