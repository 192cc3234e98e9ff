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
 * under the place's name. A depthwise block has no `conv1x1` and `average_1x1`, as in the reference.
 */
export function dbbBlock(
  x: tf.SymbolicTensor,
  place: BlockPlace,
  { kernelSize }: DbbOptions,
): tf.SymbolicTensor {
  const { name, padding, stride, filters, groups } = place;
  const depthwise = groups === filters;
  const padded = zeroPad(x, `${name}/pad`, { mode: padding, kernel: [kernelSize, kernelSize], stride });
  const inner = { ...place, padding: "valid" as const };
  const wide = (part: string): Convolution => ({
    ...inner,
    name: `${name}/${part}`,
    kernel: [kernelSize, kernelSize],
  });
  const pointwise = (part: string): Convolution => ({
    ...inner,
    name: `${name}/${part}`,
    kernel: [1, 1],
    stride: 1,
  });

  const outputs = [convolutionBn(padded, wide("origin"))];
  if (!depthwise) outputs.push(convolutionBn(x, placedConvolution(place, "conv1x1", 1)));
  outputs.push(
    convolutionBn(sequenceStart(padded, pointwise("sequence_1x1"), depthwise), wide("sequence_kxk")),
  );
  const averaged = depthwise ? padded : convolutionBn(padded, pointwise("average_1x1"));
  outputs.push(averageBn(averaged, name, kernelSize, stride));
  return activate(addBranches(outputs, place), place);
}

/**
 * The 1x1 convolution and BatchNorm in front of the inner kxk. Its kernel is the identity plus a trained part that starts
 * at zero; the identity is written as an addition, so that weight decay does not pull it down.
 */
function sequenceStart(
  padded: tf.SymbolicTensor,
  conv: Convolution,
  depthwise: boolean,
): tf.SymbolicTensor {
  const channels = Number(padded.shape.at(-1));
  if (depthwise) return convolutionBn(padded, { ...conv, filters: DEPTHWISE_EXPANSION * channels });
  const trained = convolution(padded, { ...conv, filters: channels, start: "zeros" });
  const addName = conv.name.replace(/1x1$/, "add");
  const sum = apply(tf.layers.add({ name: addName }), [padded, trained]);
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
