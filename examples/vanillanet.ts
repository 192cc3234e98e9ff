/**
 * The block of "VanillaNet: the Power of Minimalism in Deep Learning" (Chen et al., NeurIPS 2023), section 3.1: two
 * convolutions with an activation between them that fades while the network trains, until it is linear and both are one:
 *
 *     y = act(BN(1x1 ∗ a(BN(kxk ∗ x))))        a(v) = v where v > 0, else slope·v
 *
 * The paper lets the slope grow from 0 to 1, epoch by epoch. A block is made once, before training, so its slope is one number:
 * at 1 (the default) the block is linear and deploys as one convolution; below, it trains and deploys as two. What fades is for
 * whoever holds the model: `model.getLayer("stage1/block1/fading").alpha = epoch / epochs` before each epoch, in a loop of one's
 * own around `TrainingSession` of repfuse/train.
 *
 *     deno task train --block examples/vanillanet.ts --set slope=0
 *
 * @module
 */
import { z } from "zod";
import { activate, convolutionBn, defineBlock, placedConvolution } from "../src/train.ts";

/** Layers: `conv`, `conv_bn`, `fading`, `mix`, `mix_bn`, and the activation under the place's name. */
export const block = defineBlock({
  name: "vanillanet",
  label: "VanillaNet: a convolution in two",
  options: {
    /** Of the activation in the middle, below 0: 0 is ReLU, 1 is nothing. */
    slope: z.number().min(0).max(1).default(1),
    /** k of the first convolution: 1 in the paper, which pools between its blocks. */
    kernelSize: z.union([z.literal(1), z.literal(3), z.literal(5)]).default(3),
  },
  kernelSize: ({ kernelSize }) => kernelSize,
  apply: (net, x, place, { slope, kernelSize }) => {
    const first = convolutionBn(net, x, placedConvolution(place, "conv", kernelSize));
    const fading = net.leakyRelu(first, `${place.name}/fading`, slope);
    const mix = { ...placedConvolution(place, "mix", 1), stride: 1 };
    return activate(net, convolutionBn(net, fading, mix), place);
  },
});
