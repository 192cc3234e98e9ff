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
import { convolutionBn, type LayerBuilder, type LayerValue } from "../layer_builder.ts";
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
export function repVggBlock<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  place: BlockPlace,
  options: RepVggOptions,
): X {
  const { branches, postAdditionBn } = options;
  const conv1x1 = placedConvolution(place, "conv1x1", 1);
  const outputs = [convolutionBn(net, x, placedConvolution(place, "conv3x3", 3))];
  if (branches.conv1x1) {
    outputs.push(postAdditionBn ? net.convolution(x, conv1x1) : convolutionBn(net, x, conv1x1));
  }
  if (branches.identity && keepsShape(x, place)) {
    outputs.push(postAdditionBn ? x : net.batchNorm(x, `${place.name}/identity_bn`));
  }
  let y = addBranches(net, outputs, place);
  if (postAdditionBn) y = net.batchNorm(y, `${place.name}/add_bn`);
  if (options.squeezeExcite) y = squeezeExcite(net, y, place);
  return activate(net, y, place);
}
