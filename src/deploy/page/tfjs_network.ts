/**
 * A program on TensorFlow.js, whatever its backend and its kernels: each step is the operation that the layer of
 * `tf.layers` would call. So a page needs no layers, which alone would take it beyond its size.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  type Activation,
  type ConvolutionStep,
  type Program,
  type Step,
  weightOf,
  type WeightRef,
} from "../../runtime/program.ts";

/** A network that is ready to run. */
export interface TfjsNetwork {
  /** Images [batch, height, width, channels] to outputs [batch, classes]. The caller disposes of both. */
  run(images: tf.Tensor4D): tf.Tensor2D;
  dispose(): void;
}

/** Activations that a convolution of TensorFlow.js applies itself. */
const FUSED: readonly Activation[] = ["linear", "relu", "relu6"];

/** The activations that a convolution does not apply, as `tf.layers` computes them. */
const FUNCTIONS: Readonly<Record<Activation, (x: tf.Tensor) => tf.Tensor>> = {
  linear: (x) => x,
  relu: (x) => tf.relu(x),
  relu6: (x) => tf.relu6(x),
  elu: (x) => tf.elu(x),
  selu: (x) => tf.selu(x),
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1)),
  sigmoid: (x) => tf.sigmoid(x),
  hard_sigmoid: (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
  softplus: (x) => tf.softplus(x),
  softsign: (x) => tf.div(x, tf.add(tf.abs(x), 1)),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  tanh: (x) => tf.tanh(x),
};

/** Makes a network; its weights live until it is disposed of. */
export function createTfjsNetwork(program: Program, weights: Float32Array): TfjsNetwork {
  const tensors = new Map<WeightRef, tf.Tensor>();
  for (const step of program.steps) {
    for (const ref of weightRefsOf(step)) tensors.set(ref, tf.tensor(weightOf(weights, ref), [...ref.shape]));
  }
  const read = <T extends tf.Tensor>(ref: WeightRef) => tensors.get(ref) as T;
  return {
    run: (images) =>
      tf.tidy(() => {
        const values: tf.Tensor[] = [images];
        for (const step of program.steps) {
          values.push(compute(step, step.inputs.map((input) => values[input]!), read));
        }
        return values[program.output]! as tf.Tensor2D;
      }),
    dispose: () => tensors.forEach((tensor) => tensor.dispose()),
  };
}

type Read = <T extends tf.Tensor>(ref: WeightRef) => T;

function compute(step: Step, inputs: tf.Tensor[], read: Read): tf.Tensor {
  const x = inputs[0]!;
  switch (step.op) {
    case "convolution":
      return convolution(step, x as tf.Tensor4D, read);
    case "dense": {
      const bias = step.bias && read(step.bias);
      const fused = step.activation === "relu" ? step.activation : "linear";
      const y = tf.fused.matMul({
        a: x,
        b: read(step.kernel),
        activation: fused,
        ...(bias === undefined ? {} : { bias }),
      });
      return fused === step.activation ? y : FUNCTIONS[step.activation](y);
    }
    case "batchNorm":
      return tf.batchNorm(
        x,
        read<tf.Tensor1D>(step.mean),
        read<tf.Tensor1D>(step.variance),
        step.beta && read<tf.Tensor1D>(step.beta),
        step.gamma && read<tf.Tensor1D>(step.gamma),
        step.epsilon,
      );
    case "pad": {
      const [top, bottom, left, right] = step.padding;
      return tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]]);
    }
    case "maxPool":
    case "averagePool": {
      const pool = step.op === "maxPool" ? tf.maxPool : tf.avgPool;
      const pad = step.padding.every((zeros) => zeros === 0) ? "valid" : "same";
      return pool(x as tf.Tensor4D, [...step.size], [...step.strides], pad);
    }
    case "globalAveragePool":
      return tf.mean(x, [1, 2]);
    case "globalMaxPool":
      return tf.max(x, [1, 2]);
    case "add":
      return inputs.slice(1).reduce((sum, y) => tf.add(sum, y), x);
    case "multiply":
      return inputs.slice(1).reduce((product, y) => tf.mul(product, y), x);
    case "concatenate":
      return tf.concat(inputs, -1);
    case "reshape":
      return tf.reshape(x, [x.shape[0]!, ...step.shape]);
    case "softmax":
      return tf.softmax(x);
    case "activation":
      return FUNCTIONS[step.activation](x);
  }
}

function convolution(step: ConvolutionStep, x: tf.Tensor4D, read: Read): tf.Tensor {
  const filter = read<tf.Tensor4D>(step.kernel);
  const bias = step.bias && read<tf.Tensor1D>(step.bias);
  const strides: [number, number] = [...step.strides];
  const dilations: [number, number] = [...step.dilation];
  const [top, bottom, left, right] = step.padding;
  const pad: Parameters<typeof tf.conv2d>[3] = [[0, 0], [top, bottom], [left, right], [0, 0]];
  if (step.groups === 1) {
    const fused = FUSED.includes(step.activation) ? step.activation as "linear" : "linear";
    const y = tf.fused.conv2d({
      x,
      filter,
      strides,
      pad,
      dilations,
      activation: fused,
      ...(bias === undefined ? {} : { bias }),
    });
    return fused === step.activation ? y : FUNCTIONS[step.activation](y);
  }
  const y = step.kernel.shape[2] === 1
    ? tf.depthwiseConv2d(x, depthwiseFilter(filter, step.groups), strides, pad, "NHWC", dilations)
    : groupedConvolution(
      x,
      filter,
      step.groups,
      (part, filters) => tf.conv2d(part, filters, strides, pad, "NHWC", dilations),
    );
  return FUNCTIONS[step.activation](bias === undefined ? y : tf.add(y, bias));
}

/** [kh, kw, 1, C·M] as [kh, kw, C, M]. */
function depthwiseFilter(filter: tf.Tensor4D, channels: number): tf.Tensor4D {
  const [rows, columns, , outChannels] = filter.shape;
  return tf.reshape(filter, [rows, columns, channels, outChannels / channels]);
}

/** As the layer GroupedConv2D of `src/model/layers/` has it. */
function groupedConvolution(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  groups: number,
  convolve: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const filters = tf.split<tf.Tensor4D>(filter, groups, 3);
  return tf.concat(
    tf.split<tf.Tensor4D>(x, groups, 3).map((part, group) => convolve(part, filters[group]!)),
    3,
  );
}

function weightRefsOf(step: Step): WeightRef[] {
  switch (step.op) {
    case "convolution":
    case "dense":
      return [step.kernel, ...(step.bias === undefined ? [] : [step.bias])];
    case "batchNorm":
      return [step.mean, step.variance, step.gamma, step.beta].filter((ref) => ref !== undefined);
    default:
      return [];
  }
}
