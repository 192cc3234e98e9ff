/**
 * The block of "RepVGG: Making VGG-style ConvNets Great Again" (Ding et al., CVPR 2021), figure 2:
 *
 *     y = ReLU(BN(3x3 ∗ x) + BN(1x1 ∗ x) + BN(x))
 *
 * Without its branches it is the plain network that ablations compare with; table 6 of the paper adds them one by one.
 *
 * @module
 */
import { z } from "zod";
import { convolutionBn } from "../layer_builder.ts";
import { activate, addBranches, keepsShape, placedConvolution } from "./block.ts";
import { defineBlock } from "./define.ts";
import { qaRepVgg } from "./qarepvgg.ts";

const form = (name: string, label: string, conv1x1: boolean, identity: boolean) => ({
  name,
  label,
  options: { branches: { conv1x1, identity } },
});

/** Layers: `conv3x3`, `conv3x3_bn`, `conv1x1`, `conv1x1_bn`, `identity_bn`, `add`, `relu` under the place's name. */
export const repVgg = defineBlock({
  name: "repvgg",
  label: "RepVGG: + 1x1 + identity",
  isDilated: true,
  options: {
    ...qaRepVgg.options,
    /** The block of QARepVGG. Configurations from before that was a block of its own say it so. */
    postAdditionBn: z.boolean().default(false),
  },
  ablation: [
    form("plain", "plain 3x3", false, false),
    form("1x1", "+ 1x1", true, false),
    form("identity", "+ identity", false, true),
    form("repvgg", "RepVGG: + 1x1 + identity", true, true),
  ],
  squeezeExcite: ({ squeezeExcite }) => squeezeExcite,
  apply: (net, x, place, options) => {
    if (options.postAdditionBn) return qaRepVgg.apply(net, x, place, options);
    const { branches } = options;
    const outputs = [convolutionBn(net, x, placedConvolution(place, "conv3x3", 3))];
    if (branches.conv1x1) outputs.push(convolutionBn(net, x, placedConvolution(place, "conv1x1", 1)));
    if (branches.identity && keepsShape(x, place)) {
      outputs.push(net.batchNorm(x, `${place.name}/identity_bn`));
    }
    return activate(net, addBranches(net, outputs, place), place);
  },
});
