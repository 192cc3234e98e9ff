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
import { channelsOf, convolutionBn, type LayerBuilder, type LayerValue } from "../layer_builder.ts";
import { squeezeExcite } from "../squeeze_excite.ts";
import {
  activate,
  addBranches,
  type BlockPlace,
  branchNames,
  keepsShape,
  placedConvolution,
} from "./block.ts";

/** What varies between MobileOne blocks. */
export interface MobileOneOptions {
  /** Convolution branches of one size: k in the paper's table 9. */
  readonly convBranches: number;
  /** The 1x1 branch beside the convolutions; exists only where they are larger than 1x1. */
  readonly scale: boolean;
  /** BatchNorm of the input, added; exists only where input and output have one shape. */
  readonly skip: boolean;
  /** Squeeze-and-excitation between addition and activation. */
  readonly squeezeExcite: boolean;
}

/** The kernel of the depthwise part and of the stem. */
const SPATIAL_KERNEL = 3;

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
  options: MobileOneOptions,
): X {
  const sizes = new Array<number>(options.convBranches).fill(kernelSize);
  const outputs = branchNames(sizes).map((name) =>
    convolutionBn(net, x, placedConvolution(place, name, kernelSize))
  );
  if (options.scale && kernelSize > 1) {
    outputs.push(convolutionBn(net, x, placedConvolution(place, "scale", 1)));
  }
  if (options.skip && keepsShape(x, place)) outputs.push(net.batchNorm(x, `${place.name}/skip_bn`));
  const sum = addBranches(net, outputs, place);
  return activate(net, options.squeezeExcite ? squeezeExcite(net, sum, place) : sum, place);
}

/** Depthwise 3x3, then pointwise 1x1, over x [N, H, W, C]; their layers lie under `depthwise` and `pointwise`. */
export function mobileOneBlock<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  place: BlockPlace,
  options: MobileOneOptions,
): X {
  return mobileOneParts(x, place).reduce<X>(
    (y, { place, kernelSize }) => mobileOnePart(net, y, place, kernelSize, options),
    x,
  );
}

/** Where the depthwise and the pointwise part of the block over x stand, and how large their kernels are. */
export function mobileOneParts(
  x: LayerValue,
  place: BlockPlace,
): { place: BlockPlace; kernelSize: number }[] {
  const channels = channelsOf(x);
  const depthwise = { ...place, name: `${place.name}/depthwise`, filters: channels, groups: channels };
  const pointwise = { ...place, name: `${place.name}/pointwise`, stride: 1 };
  return [{ place: depthwise, kernelSize: SPATIAL_KERNEL }, { place: pointwise, kernelSize: 1 }];
}

/** The stem: one convolution branch, the scale branch, no squeeze-and-excitation. */
export function mobileOneStem<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  place: BlockPlace,
  options: Pick<MobileOneOptions, "scale" | "skip">,
): X {
  return mobileOnePart(net, x, place, SPATIAL_KERNEL, { ...options, convBranches: 1, squeezeExcite: false });
}
