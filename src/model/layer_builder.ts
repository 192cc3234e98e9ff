/**
 * What networks are built with. A block says once which layers it is made of; what stands behind them is another's choice:
 * layers of TensorFlow.js, which train (`tfjs_layers.ts`), or a {@link Graph} for weights that lie in a file
 * (`graph_layers.ts`).
 *
 * @module
 */
import type { BlockActivation } from "./activations.ts";
import { type AxisPadding, axisPadding, type PaddedWindow, type PaddingMode } from "./padding.ts";

/** What layers give and take: images [N, H, W, C] or vectors [N, C], by their shapes. */
export interface LayerValue {
  /** The batch comes first; `null` for a length that is not fixed. */
  readonly shape: readonly (number | null)[];
}

/** One convolution over an NHWC tensor. */
export interface Convolution {
  /** Layer name; the layers beside it append `_pad` and `_bn`. */
  readonly name: string;
  /** Output channels. */
  readonly filters: number;
  /** Kernel height and width. */
  readonly kernel: readonly [height: number, width: number];
  /** Pixels between windows, along both axes. */
  readonly stride: number;
  /** Pixels from one tap of the kernel to the next; 1 by default. */
  readonly dilation?: number;
  /** Output channel o sees the input channels of group ⌊o·groups/filters⌋ alone. */
  readonly groups: number;
  /** "valid" where the input is padded already. */
  readonly padding: PaddingMode | "valid";
  /** Whether a bias is added; none by default, since a BatchNorm follows. */
  readonly useBias?: boolean;
  /** The activation that the layer applies itself; none by default, since in a training form it follows an addition. */
  readonly carriedActivation?: BlockActivation;
  /** Whether a fresh kernel is zero; it is He normal by default. */
  readonly startsAtZero?: boolean;
  /** Numbers HWIO that the kernel has and keeps: it does not train. A depthwise kernel is [kh, kw, C, filters / C]. */
  readonly fixedKernel?: readonly number[];
}

/** y = activation(x · kernel + bias). */
export interface DenseLayer {
  /** Layer name. */
  readonly name: string;
  /** Outputs. */
  readonly units: number;
  /** Applied last. */
  readonly activation: BlockActivation;
  /** The standard deviation of a fresh kernel; He normal when not given. */
  readonly deviation?: number;
}

/** A layer per method, each applied to values and named. */
export interface LayerBuilder<X extends LayerValue> {
  /** x [N, H, W, C] convolved: [N, H', W', filters]. */
  convolution(x: X, convolution: Convolution): X;
  /** γ·(x − μ)/√(σ² + ε) + β per channel, with PyTorch's ε. */
  batchNorm(x: X, name: string): X;
  /** Zeros around x [N, H, W, C]. */
  zeroPad(x: X, name: string, padding: readonly [vertical: AxisPadding, horizontal: AxisPadding]): X;
  /** Means of square windows that lie inside x [N, H, W, C]. */
  averagePool(x: X, name: string, window: { readonly size: number; readonly stride: number }): X;
  /** x [N, H, W, C] to [N, C]. */
  globalAveragePool(x: X, name: string): X;
  /** x [N, C] to [N, units]. */
  dense(x: X, layer: DenseLayer): X;
  /** The same numbers in another shape, without the batch. */
  reshape(x: X, name: string, shape: readonly number[]): X;
  /** The sum of values of one shape. */
  add(values: readonly X[], name: string): X;
  /** The product; lengths of 1 are repeated. */
  multiply(values: readonly X[], name: string): X;
  /** The non-linearity, number by number. */
  activation(x: X, name: string, activation: BlockActivation): X;
  /** x where it is positive, and slope·x where it is negative: linear at a slope of 1. */
  leakyRelu(x: X, name: string, slope: number): X;
}

/** x convolved, then normalized: γ·(w ∗ x − μ)/√(σ² + ε) + β. */
export function convolutionBn<X extends LayerValue>(net: LayerBuilder<X>, x: X, conv: Convolution): X {
  return net.batchNorm(net.convolution(x, conv), `${conv.name}_bn`);
}

/** x [N, H, W, C] with the zeros around it that the window needs, so that the window itself can be "valid". */
export function zeroPad<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  name: string,
  window: PaddedWindow,
): X {
  const { mode, kernel, stride } = window;
  const padding: [AxisPadding, AxisPadding] = [
    axisPadding(mode, kernel[0], stride, Number(x.shape[1])),
    axisPadding(mode, kernel[1], stride, Number(x.shape[2])),
  ];
  if (padding.flat().every((pixels) => pixels === 0)) return x;
  return net.zeroPad(x, name, padding);
}

/** Pixels from the first tap of the kernel to the last, both included. */
export function reachOf({ kernel, dilation = 1 }: Convolution): [height: number, width: number] {
  return [(kernel[0] - 1) * dilation + 1, (kernel[1] - 1) * dilation + 1];
}

/** The length of x's last axis. */
export function channelsOf({ shape }: LayerValue): number {
  return Number(shape.at(-1));
}
