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
import * as tf from "@tensorflow/tfjs";
import { apply } from "../apply.ts";
import { batchNorm } from "../batch_norm.ts";
import { type Convolution, convolution, convolutionBn } from "../convolution.ts";
import { zeroPad } from "../padding.ts";
import { activate, addBranches, type BlockPlace, placedConvolution } from "./block.ts";

/** What varies between diverse branch blocks. */
export interface DbbOptions {
  /** Size of the kxk convolutions and of the average pooling; odd. */
  readonly kernelSize: number;
}

/** Inner channels of the 1x1-kxk branch of a depthwise block, per input channel (the reference's choice). */
const DEPTHWISE_EXPANSION = 2;

/**
 * The block over x [N, H, W, C]: [N, H', W', filters].
 *
 * Layers: `pad`, `origin`, `origin_bn`, `conv1x1`, `conv1x1_bn`, `sequence_1x1`, `sequence_add`, `sequence_1x1_bn`,
 * `sequence_kxk`, `sequence_kxk_bn`, `average_1x1`, `average_1x1_bn`, `average`, `average_bn`, `add`, and the activation
 * under the place's name. A depthwise block has no `conv1x1` and no
 * `average_1x1`, and `sequence_expand` in place of `sequence_1x1`, as in the reference.
 */
export function dbbBlock(
  x: tf.SymbolicTensor,
  place: BlockPlace,
  { kernelSize }: DbbOptions,
): tf.SymbolicTensor {
  const { name, padding, stride, filters, groups } = place;
  const kernel = [kernelSize, kernelSize] as const;
  const padded = zeroPad(x, `${name}/pad`, { mode: padding, kernel, stride });
  const inside = { ...place, padding: "valid" as const };
  const wide = (part: string): Convolution => ({ ...inside, name: `${name}/${part}`, kernel });
  const narrow = (part: string): Convolution => ({ ...wide(part), kernel: [1, 1], stride: 1 });

  const outputs = [convolutionBn(padded, wide("origin"))];
  if (groups > 1 && groups === filters && keepsChannels(x, place)) {
    outputs.push(convolutionBn(expand(padded, narrow("sequence_expand")), wide("sequence_kxk")));
    outputs.push(averageBn(padded, name, kernelSize, stride));
  } else {
    outputs.push(convolutionBn(x, placedConvolution(place, "conv1x1", 1)));
    outputs.push(convolutionBn(addToIdentity(padded, name, narrow("sequence_1x1")), wide("sequence_kxk")));
    outputs.push(averageBn(convolutionBn(padded, narrow("average_1x1")), name, kernelSize, stride));
  }
  return activate(addBranches(outputs, place), place);
}

function keepsChannels(x: tf.SymbolicTensor, { filters }: BlockPlace): boolean {
  return x.shape.at(-1) === filters;
}

/** The 1x1 convolution and BatchNorm that widen a depthwise block in front of its inner kxk. */
function expand(padded: tf.SymbolicTensor, conv: Convolution): tf.SymbolicTensor {
  return convolutionBn(padded, { ...conv, filters: DEPTHWISE_EXPANSION * Number(padded.shape.at(-1)) });
}

/**
 * The 1x1 convolution and BatchNorm in front of the inner kxk. The kernel is the identity plus a trained part that starts
 * at zero; the identity is written as an addition, so that weight decay does not pull it down.
 */
function addToIdentity(padded: tf.SymbolicTensor, name: string, conv: Convolution): tf.SymbolicTensor {
  const trained = convolution(padded, { ...conv, filters: Number(padded.shape.at(-1)), seed: null });
  const sum = apply(tf.layers.add({ name: `${name}/sequence_add` }), [padded, trained]);
  return apply(batchNorm(`${conv.name}_bn`), sum);
}

function averageBn(x: tf.SymbolicTensor, name: string, size: number, stride: number): tf.SymbolicTensor {
  const pool = tf.layers.averagePooling2d({
    name: `${name}/average`,
    poolSize: size,
    strides: stride,
    padding: "valid",
  });
  return apply(batchNorm(`${name}/average_bn`), apply(pool, x));
}
