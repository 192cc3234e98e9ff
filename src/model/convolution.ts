/**
 * Convolution without bias, and BatchNorm after it: what every branch of every block is made of.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { apply } from "./apply.ts";
import { batchNorm } from "./batch_norm.ts";
import { heNormal } from "./initializers.ts";
import type { PaddingMode } from "./padding.ts";

/** One convolution over an NHWC tensor. */
export interface Convolution {
  /** Layer name; layers beside it append `_pad` and `_bn`. */
  readonly name: string;
  /** Output channels. */
  readonly filters: number;
  /** Kernel height and width. */
  readonly kernel: readonly [height: number, width: number];
  readonly stride: number;
  readonly padding: PaddingMode | "valid";
  /** The network's seed. */
  readonly seed: number;
}

/** x [N, H, W, C] convolved: [N, H', W', filters]. */
export function convolution(x: tf.SymbolicTensor, conv: Convolution): tf.SymbolicTensor {
  const [height, width] = conv.kernel;
  if (conv.padding !== "explicit") return unpaddedConvolution(x, conv, conv.padding);
  const amounts: Amounts = [Math.floor(height / 2), Math.floor(width / 2)];
  return unpaddedConvolution(zeroPad(x, `${conv.name}_pad`, amounts), conv, "valid");
}

/** x convolved, then normalized: w·x, then γ·(w·x − μ)/√(σ² + ε) + β. */
export function convolutionBn(x: tf.SymbolicTensor, conv: Convolution): tf.SymbolicTensor {
  return apply(batchNorm(`${conv.name}_bn`), convolution(x, conv));
}

type Amounts = readonly [vertical: number, horizontal: number];

function zeroPad(x: tf.SymbolicTensor, name: string, [vertical, horizontal]: Amounts): tf.SymbolicTensor {
  if (vertical === 0 && horizontal === 0) return x;
  const padding: [[number, number], [number, number]] = [[vertical, vertical], [horizontal, horizontal]];
  return apply(tf.layers.zeroPadding2d({ name, padding }), x);
}

function unpaddedConvolution(
  x: tf.SymbolicTensor,
  { name, filters, kernel, stride, seed }: Convolution,
  padding: "same" | "valid",
): tf.SymbolicTensor {
  const fanIn = kernel[0] * kernel[1] * x.shape.at(-1)!;
  const layer = tf.layers.conv2d({
    name,
    filters,
    kernelSize: [...kernel],
    strides: stride,
    padding,
    useBias: false,
    kernelInitializer: heNormal(fanIn, seed, name),
  });
  return apply(layer, x);
}
