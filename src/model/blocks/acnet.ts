/**
 * The block of "ACNet: Strengthening the Kernel Skeletons for Powerful CNN via Asymmetric Convolution Blocks" (Ding et
 * al., ICCV 2019), figure 1:
 *
 *     y = act(BN(kxk ∗ x) + BN(kx1 ∗ x) + BN(1xk ∗ x))
 *
 * @module
 */
import { convolutionBn, type LayerBuilder, type LayerValue } from "../layer_builder.ts";
import { activate, addBranches, type BlockPlace, placedConvolution } from "./block.ts";

/** What varies between asymmetric convolution blocks. */
export interface AcNetOptions {
  /** k of the kxk, kx1 and 1xk convolutions; odd. */
  readonly kernelSize: number;
}

/**
 * The block over x [N, H, W, C]: [N, H', W', filters].
 *
 * Layers: `square`, `square_bn`, `vertical` (kx1), `vertical_bn`, `horizontal` (1xk), `horizontal_bn`, `add`, and the
 * activation under the place's name.
 */
export function acNetBlock<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  place: BlockPlace,
  { kernelSize }: AcNetOptions,
): X {
  const outputs = [
    placedConvolution(place, "square", kernelSize),
    placedConvolution(place, "vertical", kernelSize, 1),
    placedConvolution(place, "horizontal", 1, kernelSize),
  ].map((conv) => convolutionBn(net, x, conv));
  return activate(net, addBranches(net, outputs, place), place);
}
