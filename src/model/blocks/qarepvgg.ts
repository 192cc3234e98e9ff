/**
 * The block of "Make RepVGG Greater Again: A Quantization-aware Approach" (Chu et al., AAAI 2024), whose deploy form has
 * well-behaved weights because two of RepVGG's BatchNorms are gone and one comes after the addition:
 *
 *     y = ReLU(BN(BN(3x3 ∗ x) + 1x1 ∗ x + x))
 *
 * @module
 */
import { z } from "zod";
import { convolutionBn } from "../layer_builder.ts";
import { activate, addBranches, keepsShape, placedConvolution } from "./block.ts";
import { defineBlock } from "./define.ts";

/** Layers: `conv3x3`, `conv3x3_bn`, `conv1x1`, `add`, `add_bn`, `relu` under the place's name. */
export const qaRepVgg = defineBlock({
  name: "qarepvgg",
  label: "QARepVGG",
  isDilated: true,
  options: {
    /** The branches beside the 3x3 convolution. The identity exists only where input and output have one shape. */
    branches: z.strictObject({ conv1x1: z.boolean().default(true), identity: z.boolean().default(true) })
      .default({ conv1x1: true, identity: true }),
    /** Squeeze-and-excitation between the last BatchNorm and the activation, in every block. */
    squeezeExcite: z.boolean().default(false),
  },
  squeezeExcite: ({ squeezeExcite }) => squeezeExcite,
  apply: (net, x, place, { branches }) => {
    const outputs = [convolutionBn(net, x, placedConvolution(place, "conv3x3", 3))];
    if (branches.conv1x1) outputs.push(net.convolution(x, placedConvolution(place, "conv1x1", 1)));
    if (branches.identity && keepsShape(x, place)) outputs.push(x);
    return activate(net, net.batchNorm(addBranches(net, outputs, place), `${place.name}/add_bn`), place);
  },
});
