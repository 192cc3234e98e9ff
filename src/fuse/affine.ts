/**
 * The affine image map, the one thing that everything between two non-linearities is: a convolution with a bias. The
 * laws that combine maps are in `add.ts` (parallel branches) and `compose.ts` (one after the other); this file has the
 * type and the maps that layers start from.
 *
 * A map knows its shape at once and its numbers only when asked, so that the pass can weigh plans without touching
 * weights. Numbers are float64.
 *
 * Ding et al., "RepVGG: Making VGG-style ConvNets Great Again", 2021, section 3.3; "Diverse Branch Block", 2021.
 *
 * @module
 */
import { type Axes, POINT } from "../graph/axis.ts";
import { type Refusal, refuse } from "../graph/refusal.ts";

/** The numbers of an affine map. The receiver owns the arrays and may write into them. */
export interface Weights {
  /** HWIO per group: [kernel height, kernel width, inChannels / groups, outChannels]. */
  readonly kernel: Float64Array;
  /** [outChannels]; zeros when the map has no bias. */
  readonly bias: Float64Array;
}

/** `y = kernel * pad(x) + bias` over NHWC images, grouped as in TensorFlow: contiguous blocks of channels. */
export interface Affine {
  readonly kind: "affine";
  readonly inChannels: number;
  readonly outChannels: number;
  /** Divides both channel counts; equal to `inChannels` for a depthwise map. */
  readonly groups: number;
  readonly axes: Axes;
  /**
   * Where it is a transposed convolution: input pixels lie so far apart, down and across, with zeros between, on the grid
   * that the axes count.
   */
  readonly spread?: Spread;
  readonly hasBias: boolean;
  /** Whether the kernel is the 1x1 identity, so that the map copies or pads and multiplies nothing. */
  readonly copies: boolean;
  /** Computes the numbers afresh: nothing is kept between calls. */
  weights(): Weights;
}

/** Vertical and horizontal. */
export type Spread = readonly [vertical: number, horizontal: number];

/** What a law gives. */
export type Outcome = Affine | Refusal;

/** The numbers that a {@link convolution} is made of. */
export interface ConvolutionNumbers {
  /** [kernel height, kernel width, inChannels / groups, outChannels]. */
  readonly kernel: ArrayLike<number>;
  /** [outChannels], or nothing. */
  readonly bias: ArrayLike<number> | undefined;
}

/** The shape of a {@link convolution}. */
export interface ConvolutionShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly axes: Axes;
  readonly spread?: Spread;
  readonly hasBias: boolean;
}

/** A convolution, grouped or not. A depthwise kernel [h, w, C, M] is one of C groups, in the same order in memory. */
export function convolution(shape: ConvolutionShape, read: () => ConvolutionNumbers): Affine {
  return {
    kind: "affine",
    ...shape,
    copies: false,
    weights() {
      const { kernel, bias } = read();
      return {
        kernel: new Float64Array(kernel),
        bias: bias === undefined ? new Float64Array(shape.outChannels) : new Float64Array(bias),
      };
    },
  };
}

/** The map that changes nothing. */
export function identity(channels: number): Affine {
  return zeroPadding(channels, [POINT, POINT]);
}

/** The map that puts zeros around the image: the identity with padding. */
export function zeroPadding(channels: number, axes: Axes): Affine {
  return {
    kind: "affine",
    inChannels: channels,
    outChannels: channels,
    groups: channels,
    axes,
    hasBias: false,
    copies: true,
    weights: () => ({ kernel: new Float64Array(channels).fill(1), bias: new Float64Array(channels) }),
  };
}

/** `y = x · scale + shift` per channel. */
export function scale(factors: Float64Array, shifts?: Float64Array): Affine {
  const channels = factors.length;
  return {
    ...identity(channels),
    hasBias: shifts !== undefined,
    copies: false,
    weights: () => ({ kernel: factors.slice(), bias: shifts?.slice() ?? new Float64Array(channels) }),
  };
}

/** The frozen statistics of a BatchNormalization, each [channels]. */
export interface BatchNormNumbers {
  /** γ, or nothing for 1. */
  readonly gamma: ArrayLike<number> | undefined;
  /** β, or nothing for 0. */
  readonly beta: ArrayLike<number> | undefined;
  /** The running mean μ. */
  readonly mean: ArrayLike<number>;
  /** The running variance σ². */
  readonly variance: ArrayLike<number>;
  /** ε of that layer. */
  readonly epsilon: number;
}

/** BatchNormalization at inference: `y = (x − μ) · γ/√(σ² + ε) + β`. */
export function batchNorm({ gamma, beta, mean, variance, epsilon }: BatchNormNumbers): Affine {
  const factors = Float64Array.from(variance, (v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + epsilon));
  const shifts = factors.map((factor, c) => (beta?.[c] ?? 0) - mean[c]! * factor);
  return scale(factors, shifts);
}

/**
 * The mean over a window. TensorFlow divides by the pixels that lie on the image, a convolution by the whole window:
 * the two agree only where the window never leaves the image.
 */
export function averagePool(channels: number, axes: Axes): Outcome {
  if (axes.some((axis) => axis.before > 0 || axis.after > 0)) {
    return refuse(
      "averagePool",
      "at the border it divides by the number of pixels on the image, which no convolution does",
      'Pad with ZeroPadding2D first and pool with padding "valid".',
    );
  }
  const area = axes[0].size * axes[1].size;
  return {
    kind: "affine",
    inChannels: channels,
    outChannels: channels,
    groups: channels,
    axes,
    hasBias: false,
    copies: false,
    weights: () => ({
      kernel: new Float64Array(area * channels).fill(1 / area),
      bias: new Float64Array(channels),
    }),
  };
}

/** Whether the map gives its input back as it is. */
export function changesNothing({ copies, axes }: Affine): boolean {
  return copies && axes.every((axis) => axis.before === 0 && axis.after === 0);
}

/** The number of kernel weights. */
export function kernelLength(map: Pick<Affine, "axes" | "inChannels" | "outChannels" | "groups">): number {
  return map.axes[0].size * map.axes[1].size * (map.inChannels / map.groups) * map.outChannels;
}
