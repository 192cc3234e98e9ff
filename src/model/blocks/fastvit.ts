/**
 * The RepBlock of FastViT (Vasu et al., ICCV 2023) with convolutions of several sizes:
 *
 *     y = act(Σ BN(kxk ∗ x) + skip(x))        or, with the BatchNorm in front,
 *     y = act(Σ kxk ∗ BN(x) + skip(x))
 *
 * A zero-padded convolution after a BatchNorm is not one convolution at the border, where the zeros stand for values
 * that the BatchNorm never saw. Here the image is padded first, so that it is one; the other order is there to run weights that were
 * trained with it.
 *
 * @module
 */
import { z } from "zod";
import {
  type Convolution,
  convolutionBn,
  type LayerBuilder,
  type LayerValue,
  zeroPad,
} from "../layer_builder.ts";
import { activate, addBranches, branchNames, keepsShape, placedConvolution } from "./block.ts";
import { defineBlock } from "./define.ts";
import { MAX_BRANCHES, oddKernel } from "./options.ts";

/** Which comes first where a BatchNorm stands in front of a padded convolution. */
export type BnConvPadding = "beforeBn" | "afterBn";

/**
 * Layers: `conv7x7`, `conv7x7_bn`, `conv3x3`, `conv3x3_bn`, `skip_bn`, `add`, and the activation under the place's name.
 */
export const fastVit = defineBlock({
  name: "fastvit",
  label: "FastViT, 7x7 + 3x3",
  options: {
    /** One convolution branch per size. */
    kernelSizes: z.array(oddKernel).min(1).max(MAX_BRANCHES).default([7, 3]),
    /** Whether the skip branch has a BatchNorm. */
    skipIncludeBn: z.boolean().default(true),
    /** Whether the BatchNorm stands in front of the convolution. */
    useBnConv: z.boolean().default(false),
    /** "beforeBn" fuses exactly; "afterBn" is the order of the reference code, and its branches stay unfused. */
    bnConvPadding: z.enum(["beforeBn", "afterBn"]).default("beforeBn"),
  },
  ablation: [{ name: "fastvit", label: "FastViT, two 3x3", options: { kernelSizes: [3, 3] } }],
  kernelSize: ({ kernelSizes }) => Math.max(...kernelSizes),
  apply: (net, x, place, options) => {
    const names = branchNames(options.kernelSizes);
    const outputs = options.kernelSizes.map((size, i) => {
      const conv = placedConvolution(place, names[i]!, size);
      return options.useBnConv
        ? bnConvolution(net, x, conv, options.bnConvPadding)
        : convolutionBn(net, x, conv);
    });
    if (keepsShape(x, place)) {
      outputs.push(options.skipIncludeBn ? net.batchNorm(x, `${place.name}/skip_bn`) : x);
    }
    return activate(net, addBranches(net, outputs, place), place);
  },
});

function bnConvolution<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  conv: Convolution,
  order: BnConvPadding,
): X {
  const { name, kernel, stride, padding } = conv;
  const bn = `${name}_bn`;
  if (order === "afterBn" || padding === "valid") return net.convolution(net.batchNorm(x, bn), conv);
  const padded = zeroPad(net, x, `${name}_pad`, { mode: padding, kernel, stride });
  return net.convolution(net.batchNorm(padded, bn), { ...conv, padding: "valid" });
}
