/**
 * The block of "ACNet: Strengthening the Kernel Skeletons for Powerful CNN via Asymmetric Convolution Blocks" (Ding et
 * al., ICCV 2019), figure 1:
 *
 *     y = act(BN(kxk ∗ x) + BN(kx1 ∗ x) + BN(1xk ∗ x))
 *
 * @module
 */
import { convolutionBn } from "../layer_builder.ts";
import { activate, addBranches, placedConvolution } from "./block.ts";
import { defineBlock } from "./define.ts";
import { oddKernel } from "./options.ts";

/**
 * Layers: `square`, `square_bn`, `vertical` (kx1), `vertical_bn`, `horizontal` (1xk), `horizontal_bn`, `add`, and the
 * activation under the place's name.
 */
export const acNet = defineBlock({
  name: "acnet",
  label: "ACNet",
  isDilated: true,
  options: {
    /** k of the kxk, kx1 and 1xk convolutions. */
    kernelSize: oddKernel.default(3),
  },
  kernelSize: ({ kernelSize }) => kernelSize,
  apply: (net, x, place, { kernelSize }) => {
    const outputs = [
      placedConvolution(place, "square", kernelSize),
      placedConvolution(place, "vertical", kernelSize, 1),
      placedConvolution(place, "horizontal", 1, kernelSize),
    ].map((conv) => convolutionBn(net, x, conv));
    return activate(net, addBranches(net, outputs, place), place);
  },
});
