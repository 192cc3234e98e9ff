/**
 * The dilated re-parameterization block of "UniRepLKNet: A Universal Perception Large-Kernel ConvNet" (Ding et al., CVPR
 * 2024), section 3.1:
 *
 *     y = act(BN(KxK ∗ x) + Σ BN(kxk ∗ᵣ x))        ∗ᵣ: r pixels from tap to tap
 *
 * A kxk kernel of dilation r is one of (k − 1)·r + 1 pixels with zeros in the gaps, and lies inside of the large one. The
 * paper's blocks are depthwise (`groups` as wide as the stage); without groups all convolutions are full ones.
 *
 * @module
 */
import { z } from "zod";
import { convolutionBn } from "../layer_builder.ts";
import { activate, addBranches, placedConvolution } from "./block.ts";
import { defineBlock } from "./define.ts";

/** [k, r] of the dilated branches beside each large kernel: the settings of the reference code. */
const BRANCHES: ReadonlyMap<number, readonly (readonly [size: number, dilation: number])[]> = new Map([
  [5, [[3, 1], [3, 2]]],
  [7, [[5, 1], [3, 2], [3, 3]]],
  [9, [[5, 1], [5, 2], [3, 3], [3, 4]]],
  [11, [[5, 1], [5, 2], [3, 3], [3, 4], [3, 5]]],
  [13, [[5, 1], [7, 2], [3, 3], [3, 4], [3, 5]]],
  [15, [[5, 1], [7, 2], [3, 3], [3, 5], [3, 7]]],
  [17, [[5, 1], [9, 2], [3, 4], [3, 5], [3, 7]]],
]);

const SIZES = [...BRANCHES.keys()];

/** Layers: `large`, `large_bn`, `dilated5x5_1`, `dilated5x5_1_bn`, ... , `add`, and the activation under the place's name. */
export const uniRepLkNet = defineBlock({
  name: "unireplknet",
  label: "UniRepLKNet, 7x7 and dilated 5x5, 3x3",
  options: {
    /** K, the large kernel. */
    kernelSize: z.int().default(7).refine(
      (size) => BRANCHES.has(size),
      `expected one of ${SIZES.join(", ")}`,
    ),
  },
  kernelSize: ({ kernelSize }) => kernelSize,
  apply: (net, x, place, { kernelSize }) => {
    const dilated = BRANCHES.get(kernelSize)!.map(([size, dilation]) => ({
      ...placedConvolution(place, `dilated${size}x${size}_${dilation}`, size),
      dilation,
    }));
    const outputs = [placedConvolution(place, "large", kernelSize), ...dilated]
      .map((conv) => convolutionBn(net, x, conv));
    return activate(net, addBranches(net, outputs, place), place);
  },
});
