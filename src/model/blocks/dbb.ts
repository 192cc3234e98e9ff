/**
 * "Diverse Branch Block: Building a Convolution as an Inception-like Unit" (Ding et al., CVPR 2021), figure 2:
 *
 *     y = act(BN(kxk ∗ x) + BN(1x1 ∗ x) + BN(kxk ∗ BN(1x1 ∗ x)) + BN(avg(BN(1x1 ∗ x))))
 *
 * The image is padded once, in front of all branches. The reference pads the inner feature maps with BN(0), which is the
 * same: a 1x1 convolution without bias, then BatchNorm, makes BN(0) of a padded zero.
 *
 * @module
 */
import {
  channelsOf,
  type Convolution,
  convolutionBn,
  type LayerBuilder,
  type LayerValue,
  zeroPad,
} from "../layer_builder.ts";
import { activate, addBranches, type BlockPlace, placedConvolution } from "./block.ts";
import { defineBlock } from "./define.ts";
import { oddKernel } from "./options.ts";

/** Inner channels of the 1x1-kxk branch of a depthwise block, per input channel (the reference's choice). */
const DEPTHWISE_EXPANSION = 2;

/**
 * Layers: `pad`, `origin`, `origin_bn`, `conv1x1`, `conv1x1_bn`, `sequence_1x1`, `sequence_add`, `sequence_1x1_bn`,
 * `sequence_kxk`, `sequence_kxk_bn`, `average_1x1`, `average_1x1_bn`, `average`, `average_bn`, `add`, and the activation
 * under the place's name. A depthwise block has no `conv1x1` and no
 * `average_1x1`, and `sequence_expand` in place of `sequence_1x1`, as in the reference.
 */
export const dbb = defineBlock({
  name: "dbb",
  label: "Diverse Branch Block",
  options: {
    /** Size of the kxk convolutions and of the average pooling. */
    kernelSize: oddKernel.default(3),
  },
  kernelSize: ({ kernelSize }) => kernelSize,
  apply: (net, x, place, { kernelSize }) => {
    const { name, padding, stride, filters, groups } = place;
    const kernel = [kernelSize, kernelSize] as const;
    const padded = zeroPad(net, x, `${name}/pad`, { mode: padding, kernel, stride });
    const inside = { ...place, padding: "valid" as const };
    const wide = (part: string): Convolution => ({ ...inside, name: `${name}/${part}`, kernel });
    const narrow = (part: string): Convolution => ({ ...wide(part), kernel: [1, 1], stride: 1 });

    const outputs = [convolutionBn(net, padded, wide("origin"))];
    if (groups > 1 && groups === filters && keepsChannels(x, place)) {
      outputs.push(convolutionBn(net, expand(net, padded, narrow("sequence_expand")), wide("sequence_kxk")));
      outputs.push(averageBn(net, padded, name, kernelSize, stride));
    } else {
      outputs.push(convolutionBn(net, x, placedConvolution(place, "conv1x1", 1)));
      outputs.push(
        convolutionBn(net, addToIdentity(net, padded, name, narrow("sequence_1x1")), wide("sequence_kxk")),
      );
      outputs.push(
        averageBn(net, convolutionBn(net, padded, narrow("average_1x1")), name, kernelSize, stride),
      );
    }
    return activate(net, addBranches(net, outputs, place), place);
  },
});

function keepsChannels(x: LayerValue, { filters }: BlockPlace): boolean {
  return channelsOf(x) === filters;
}

/** The 1x1 convolution and BatchNorm that widen a depthwise block in front of its inner kxk. */
function expand<X extends LayerValue>(net: LayerBuilder<X>, padded: X, conv: Convolution): X {
  return convolutionBn(net, padded, { ...conv, filters: DEPTHWISE_EXPANSION * channelsOf(padded) });
}

/**
 * The 1x1 convolution and BatchNorm in front of the inner kxk. The kernel is the identity plus a trained part that starts
 * at zero; the identity is written as an addition, so that weight decay does not pull it down.
 */
function addToIdentity<X extends LayerValue>(
  net: LayerBuilder<X>,
  padded: X,
  name: string,
  conv: Convolution,
): X {
  const trained = net.convolution(padded, { ...conv, filters: channelsOf(padded), startsAtZero: true });
  const sum = net.add([padded, trained], `${name}/sequence_add`);
  return net.batchNorm(sum, `${conv.name}_bn`);
}

function averageBn<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  name: string,
  size: number,
  stride: number,
): X {
  const pooled = net.averagePool(x, `${name}/average`, { size, stride });
  return net.batchNorm(pooled, `${name}/average_bn`);
}
