/**
 * The block of "MobileOne: An Improved One millisecond Mobile Backbone" (Vasu et al., CVPR 2023), figure 3: a depthwise
 * part and a pointwise part, each
 *
 *     y = ReLU(Σᵢ BNᵢ(kxkᵢ ∗ x) + BN(1x1 ∗ x) + BN(x))
 *
 * with several convolutions of one size, a 1x1 "scale" branch where k > 1, and a skip branch where the shape is kept.
 *
 * @module
 */
import { z } from "zod";
import { channelsOf, convolutionBn, type LayerBuilder, type LayerValue } from "../layer_builder.ts";
import {
  activate,
  addBranches,
  type BlockPlace,
  branchNames,
  deployConvolution,
  keepsShape,
  placedConvolution,
} from "./block.ts";
import { defineBlock } from "./define.ts";
import { MAX_BRANCHES } from "./options.ts";

/** What varies between the parts of MobileOne blocks. */
export interface MobileOnePartOptions {
  /** Convolution branches of one size: k in the paper's table 9. */
  readonly convBranches: number;
  /** The 1x1 branch beside the convolutions; exists only where they are larger than 1x1. */
  readonly scale: boolean;
  /** BatchNorm of the input, added; exists only where input and output have one shape. */
  readonly skip: boolean;
}

/** The kernel of the depthwise part and of the stem. */
const SPATIAL_KERNEL = 3;

/** A depthwise 3x3 part, then a pointwise 1x1 part; their layers lie under `depthwise` and `pointwise`. */
export const mobileOne = defineBlock({
  name: "mobileone",
  label: "MobileOne",
  isGrouped: false,
  isDilated: true,
  options: {
    /** Convolution branches of one size in each part; the stem has one. */
    convBranches: z.int().min(1).max(MAX_BRANCHES).default(4),
    /** The 1x1 branch beside the 3x3 convolutions. */
    scale: z.boolean().default(true),
    /** The BatchNorm branch where input and output have one shape. */
    skip: z.boolean().default(true),
  },
  stageOptions: {
    /** How many blocks at the end of the stage have squeeze-and-excitation. */
    squeezeExciteBlocks: z.int().min(0).max(256).default(0),
  },
  squeezeExcite: (_, { stage, blocksLeft }) => stage !== undefined && blocksLeft <= stage.squeezeExciteBlocks,
  apply: (net, x, place, options) =>
    partsOf(x, place).reduce(
      (y, { place, kernelSize }) => mobileOnePart(net, y, place, kernelSize, options),
      x,
    ),
  stem: (net, x, place, options) =>
    mobileOnePart(net, x, place, SPATIAL_KERNEL, { ...options, convBranches: 1 }),
  deploy: (net, x, place) =>
    partsOf(x, place).reduce((y, { place, kernelSize }) => deployConvolution(net, y, place, kernelSize), x),
});

/**
 * One part over x [N, H, W, C]: [N, H', W', filters].
 *
 * Layers: `conv3x3_1`, `conv3x3_1_bn`, ... , `scale`, `scale_bn`, `skip_bn`, `add`, `relu` under the place's name.
 *
 * @param kernelSize Of the convolution branches.
 */
export function mobileOnePart<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  place: BlockPlace,
  kernelSize: number,
  { convBranches, scale, skip }: MobileOnePartOptions,
): X {
  const outputs = branchNames(new Array<number>(convBranches).fill(kernelSize)).map((name) =>
    convolutionBn(net, x, placedConvolution(place, name, kernelSize))
  );
  if (scale && kernelSize > 1) outputs.push(convolutionBn(net, x, placedConvolution(place, "scale", 1)));
  if (skip && keepsShape(x, place)) outputs.push(net.batchNorm(x, `${place.name}/skip_bn`));
  return activate(net, addBranches(net, outputs, place), place);
}

/** Where the depthwise and the pointwise part of the block over x stand, and how large their kernels are. */
function partsOf(x: LayerValue, place: BlockPlace): { place: BlockPlace; kernelSize: number }[] {
  const channels = channelsOf(x);
  const depthwise = { ...place, name: `${place.name}/depthwise`, filters: channels, groups: channels };
  const pointwise = { ...place, name: `${place.name}/pointwise`, stride: 1, hasIdentity: true };
  return [{ place: depthwise, kernelSize: SPATIAL_KERNEL }, { place: pointwise, kernelSize: 1 }];
}
