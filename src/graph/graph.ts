/**
 * The one form of a network, wherever it came from: operations on values, in an order in which every value is made before
 * it is read. Readers in `formats/` make it, passes map it to a new one, writers and runtimes consume it. It is plain data,
 * and nothing in it is changed once it is made.
 *
 * What an operation means is said here in full: padding in pixels, axes counted from the front, activations by name. A
 * consumer switches over {@link Operation} exhaustively, so that a new operation cannot be forgotten.
 *
 * Images are NHWC, kernels HWIO; shapes have the batch first. What moves along sequences [N, L, C] is said as of images of
 * height 1: a convolution of one axis has a kernel [1, k, C, K], and a vertical axis that stays in place (`sides.ts`).
 *
 * @module
 */
import type { Activation } from "./activation.ts";
import type { Axes } from "./axis.ts";
import type { Refusal } from "./refusal.ts";
import type { Target } from "./target.ts";
import type { Weights } from "./weights.ts";

/** A tensor's shape with the batch first; `null` for a length that is not fixed. */
export type FullShape = readonly (number | null)[];

/** A tensor's shape, or nothing when it is not known. */
export type Shape = FullShape | undefined;

/** A value by its place in {@link Graph.values}. */
export type ValueId = number;

/** A tensor between two operations. */
export interface ValueInfo {
  /** What its file calls it, where that has a name for it. A pass that makes the same value in another way keeps it. */
  readonly name?: string;
  readonly shape: Shape;
  /** Numbers are "float32" but where a network says otherwise. */
  readonly dtype: string;
}

/**
 * The thing in a file that operations were read from: a Keras layer, an ONNX node. It may have become several operations,
 * which then follow one another and share this object. A pass keeps all of them as they are, or none.
 */
export interface Origin {
  /** Unique in the network, but for other calls of the same thing. */
  readonly name: string;
  /** What its format calls it: "SeparableConv2D". */
  readonly kind: string;
  /** Which application of it, from 0: a layer may be shared. */
  readonly call: number;
  /** Whether it lies in a nested model, where its tensors cannot be looked at from outside. */
  readonly isNested: boolean;
  /** The original whole, for the writer of its own format alone. */
  readonly original: unknown;
}

/** A weight that an operation reads. */
export interface WeightRef {
  /** Its name in {@link Graph.weights}. */
  readonly name: string;
  /** Its shape as the operation reads it: the same numbers in the same order as they are stored. */
  readonly shape: readonly number[];
}

interface OperationBase {
  /** Unique in the graph. */
  readonly name: string;
  readonly inputs: readonly ValueId[];
  /** One, but for opaque operations. */
  readonly outputs: readonly ValueId[];
  /** Nothing where a pass has made the operation. */
  readonly origin?: Origin;
}

/** y = activation(x ∗ kernel + bias) in `groups` contiguous groups of channels. */
export interface Convolution extends OperationBase {
  readonly op: "convolution";
  /** [kh, kw, C / groups, K]; a depthwise kernel [kh, kw, C, M] is [kh, kw, 1, C·M] in C groups, number by number. */
  readonly kernel: WeightRef;
  /** [K] */
  readonly bias?: WeightRef;
  readonly axes: Axes;
  readonly groups: number;
  readonly activation: Activation;
}

/**
 * The transpose of a convolution: every input pixel p adds x[p] · kernel[i] to the output pixels `p·stride − before +
 * i·dilation`. The axes are those of the convolution that reads the output here and gives an image as large as the input.
 */
export interface ConvolutionTranspose extends OperationBase {
  readonly op: "convolutionTranspose";
  /** [kh, kw, K, C] */
  readonly kernel: WeightRef;
  /** [K] */
  readonly bias?: WeightRef;
  readonly axes: Axes;
  readonly activation: Activation;
}

/** y = activation(x · kernel + bias), over the last axis. */
export interface Dense extends OperationBase {
  readonly op: "dense";
  /** [inputs, units] */
  readonly kernel: WeightRef;
  /** [units] */
  readonly bias?: WeightRef;
  readonly activation: Activation;
}

/** y = γ·(x − μ)/√(σ² + ε) + β over the last axis; each weight is [channels]. */
export interface BatchNorm extends OperationBase {
  readonly op: "batchNorm";
  readonly mean: WeightRef;
  readonly variance: WeightRef;
  /** γ, or nothing for 1. */
  readonly gamma?: WeightRef;
  /** β, or nothing for 0. */
  readonly beta?: WeightRef;
  readonly epsilon: number;
}

/** y = x · factor + offset, as float32; one number for all channels, or one for each. */
export interface Scale extends OperationBase {
  readonly op: "scale";
  readonly factors: readonly number[];
  readonly offsets: readonly number[];
}

/** Zeros around an image. */
export interface Pad extends OperationBase {
  readonly op: "pad";
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
}

/** The largest or the mean value of a window; pixels outside the image count in neither. */
export interface Pool extends OperationBase {
  readonly op: "maxPool" | "averagePool";
  readonly axes: Axes;
}

/** The largest or the mean value of each channel of an image; [N, C], or [N, 1, 1, C]. */
export interface GlobalPool extends OperationBase {
  readonly op: "globalMaxPool" | "globalAveragePool";
}

/** Every pixel of an image so many times, downwards and to the right. */
export interface Upsample extends OperationBase {
  readonly op: "upsample";
  readonly factors: readonly [rows: number, columns: number];
}

/** Number by number over all inputs; lengths of 1 are repeated. */
export interface Join extends OperationBase {
  readonly op: "add" | "average" | "multiply" | "maximum" | "minimum";
}

/** The inputs one after the other along an axis. */
export interface Concatenate extends OperationBase {
  readonly op: "concatenate";
  /** Counted from the front; the batch is 0. */
  readonly axis: number;
}

/** The same numbers in the same order in another shape; the batch stays. */
export interface Reshape extends OperationBase {
  readonly op: "reshape";
}

/** exp(xᵢ) / Σ exp(xⱼ) along an axis. */
export interface Softmax extends OperationBase {
  readonly op: "softmax";
  /** Counted from the front. */
  readonly axis: number;
}

/** A function of every number. */
export interface Activate extends OperationBase {
  readonly op: "activation";
  readonly activation: Activation;
  /** The slope of a "leaky_relu" below zero, or the α of an "elu" other than 1. */
  readonly alpha?: number;
  /** Where a "relu" ends, other than nowhere. */
  readonly limit?: number;
}

/** Nothing at inference: dropout, noise, a linear activation. */
export interface Identity extends OperationBase {
  readonly op: "identity";
}

/** What its reader knows by name and shape alone. It can be written back to its own format, and runs nowhere else. */
export interface Opaque extends OperationBase {
  readonly op: "opaque";
  readonly origin: Origin;
  readonly weights: readonly WeightRef[];
  /** Why it is not one of the others, where it nearly is. */
  readonly refusal?: Refusal;
  /** Whether it is a convolution of some kind. */
  readonly isConvolution: boolean;
  /** MACs for one image; `null` where its size is not known. */
  readonly macs: number | null;
}

/** One step of a network. */
export type Operation =
  | Convolution
  | ConvolutionTranspose
  | Dense
  | BatchNorm
  | Scale
  | Pad
  | Pool
  | GlobalPool
  | Upsample
  | Join
  | Concatenate
  | Reshape
  | Softmax
  | Activate
  | Identity
  | Opaque;

/** An input of a network. */
export interface GraphInput {
  readonly name: string;
  readonly value: ValueId;
  readonly origin?: Origin;
}

/** A whole network. */
export interface Graph {
  /** Of the network, for messages. */
  readonly name: string;
  /** Every value that flows between operations, by its number. */
  readonly values: readonly ValueInfo[];
  /** What it takes, in its order. */
  readonly inputs: readonly GraphInput[];
  /** The values that it gives, in its order. */
  readonly outputs: readonly ValueId[];
  /** In topological order. */
  readonly operations: readonly Operation[];
  /** What the operations refer to, by name. */
  readonly weights: Weights;
  /** The names of its classes, where the file says them. */
  readonly labels?: readonly string[];
  /** What can be made of it; by default what TensorFlow.js has layers for. */
  readonly target?: Target;
  /** What the file says beside the network, for the writer of its own format alone. */
  readonly original?: unknown;
}

/** Whether these are numbers that operations compute with: "float32", or "float16" where a network is stored so. */
export function isReal(dtype: string): boolean {
  return dtype === "float32" || dtype === "float16";
}

/** How many numbers are in a shape of fixed lengths. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The weights that an operation reads. */
export function weightsOf(operation: Operation): readonly WeightRef[] {
  switch (operation.op) {
    case "convolution":
    case "convolutionTranspose":
    case "dense":
      return present(operation.kernel, operation.bias);
    case "batchNorm":
      return present(operation.gamma, operation.beta, operation.mean, operation.variance);
    case "opaque":
      return operation.weights;
    default:
      return [];
  }
}

function present(...refs: (WeightRef | undefined)[]): WeightRef[] {
  return refs.filter((ref) => ref !== undefined);
}
