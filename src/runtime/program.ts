/**
 * A network as a flat list of steps, as a page carries it. `compile.ts` makes one from a LayersModel, and
 * `deploy/page/tfjs_network.ts` runs it on TensorFlow.js.
 *
 * Value 0 is the image, value i + 1 is what step i gives. Images are NHWC; shapes leave out the batch.
 *
 * @module
 */
import { sizeOf } from "../graph/graph.ts";

/** Functions that a step applies to every number. */
export const ACTIVATIONS = [
  "linear",
  "relu",
  "relu6",
  "elu",
  "selu",
  "gelu",
  "sigmoid",
  "hard_sigmoid",
  "softplus",
  "softsign",
  "swish",
  "mish",
  "tanh",
] as const;

/** The name of one of {@link ACTIVATIONS}, as Keras has it. */
export type Activation = (typeof ACTIVATIONS)[number];

/** Where a weight lies among all weights. */
export interface WeightRef {
  /** Numbers before it. */
  readonly offset: number;
  readonly shape: readonly number[];
}

/** Rows and columns. */
export type Pair = readonly [y: number, x: number];

/** Zeros around an image. */
export type Padding = readonly [top: number, bottom: number, left: number, right: number];

interface StepBase {
  /** The layer that it comes from. */
  readonly name: string;
  /** The values that it reads. */
  readonly inputs: readonly number[];
  /** The shape of what it gives, without the batch. */
  readonly shape: readonly number[];
}

/** y = activation(x ∗ kernel + bias) in `groups` groups of channels. */
export interface ConvolutionStep extends StepBase {
  readonly op: "convolution";
  /** [kh, kw, C / groups, K]; a depthwise kernel [kh, kw, C, M] is [kh, kw, 1, C·M] in C groups, number by number. */
  readonly kernel: WeightRef;
  /** [K] */
  readonly bias?: WeightRef;
  readonly strides: Pair;
  readonly dilation: Pair;
  readonly padding: Padding;
  readonly groups: number;
  readonly activation: Activation;
}

/** y = activation(x · kernel + bias). */
export interface DenseStep extends StepBase {
  readonly op: "dense";
  /** [inputs, units] */
  readonly kernel: WeightRef;
  readonly bias?: WeightRef;
  readonly activation: Activation;
}

/** y = γ·(x − μ)/√(σ² + ε) + β, per channel. */
export interface BatchNormStep extends StepBase {
  readonly op: "batchNorm";
  readonly mean: WeightRef;
  readonly variance: WeightRef;
  readonly gamma?: WeightRef;
  readonly beta?: WeightRef;
  readonly epsilon: number;
}

/** Zeros around the image. */
export interface PadStep extends StepBase {
  readonly op: "pad";
  readonly padding: Padding;
}

/** The largest or the mean value of a window; padded pixels count in neither. */
export interface PoolStep extends StepBase {
  readonly op: "maxPool" | "averagePool";
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
}

/** Elementwise over its inputs, or over the one input's numbers, with no weights. */
export interface PlainStep extends StepBase {
  readonly op:
    | "globalAveragePool"
    | "globalMaxPool"
    | "add"
    | "multiply"
    | "concatenate"
    | "reshape"
    | "softmax";
}

/** A function of every number. */
export interface ActivationStep extends StepBase {
  readonly op: "activation";
  readonly activation: Activation;
}

/** One step of a network. */
export type Step =
  | ConvolutionStep
  | DenseStep
  | BatchNormStep
  | PadStep
  | PoolStep
  | PlainStep
  | ActivationStep;

/** A network without its weights. */
export interface Program {
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number];
  readonly steps: readonly Step[];
  /** The value that is the network's output: [classes]. */
  readonly output: number;
  /** Whether the output is a softmax, so that probabilities need no other. */
  readonly givesProbabilities: boolean;
  /** How many numbers the weights are. */
  readonly weightCount: number;
}

/** The numbers of one weight. */
export function weightOf(weights: Float32Array, ref: WeightRef): Float32Array {
  return weights.subarray(ref.offset, ref.offset + sizeOf(ref.shape));
}
