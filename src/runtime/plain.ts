/**
 * Every step of a program in plain JavaScript: the reference that the fast kernels are held to, and what serves where
 * there are no 128-bit vectors. Sums are taken in float64 and rounded once.
 *
 * @module
 */
import { softmax as softmaxOfRow } from "../graph/class_scores.ts";
import { applyActivation } from "./activations.ts";
import {
  type BatchNormStep,
  type ConvolutionStep,
  type DenseStep,
  type PadStep,
  type PoolStep,
  sizeOf,
  type Step,
  weightOf,
} from "./program.ts";

/** What a step works on. All values are [batch, ...shape], row by row. */
export interface StepData {
  readonly batch: number;
  /** The values that it reads, with their shapes without the batch. */
  readonly inputs: readonly { readonly data: Float32Array; readonly shape: readonly number[] }[];
  /** What it writes. */
  readonly output: Float32Array;
  /** All weights of the program. */
  readonly weights: Float32Array;
}

/** Computes one step. */
export function runPlain(step: Step, data: StepData): void {
  const { inputs: [first], output } = data;
  const { data: x, shape } = first!;
  switch (step.op) {
    case "convolution":
      return convolution(step, data);
    case "dense":
      return dense(step, data);
    case "batchNorm":
      return batchNorm(step, data);
    case "pad":
      return pad(step, data);
    case "maxPool":
    case "averagePool":
      return pool(step, data);
    case "globalAveragePool":
    case "globalMaxPool":
      return globalPool(x, shape, output, data.batch, step.op === "globalMaxPool");
    case "add":
      return combine(data, step.shape, (a, b) => a + b);
    case "multiply":
      return combine(data, step.shape, (a, b) => a * b);
    case "concatenate":
      return concatenate(data);
    case "reshape":
      output.set(x);
      return;
    case "softmax":
      return softmax(x, output, shape.at(-1)!);
    case "activation":
      return applyActivation(step.activation, x, output);
  }
}

/** y[n, p, q, o] = Σ x[n, p·s + i·d − top, q·s + j·d − left, c] · w[i, j, c, o] + b[o], c over the group of o. */
function convolution(step: ConvolutionStep, { batch, inputs, output, weights }: StepData): void {
  const { data: x, shape: [inHeight, inWidth, inChannels] } = inputs[0]! as {
    data: Float32Array;
    shape: [number, number, number];
  };
  const [outHeight, outWidth, outChannels] = step.shape as [number, number, number];
  const [rows, columns, groupInputs] = step.kernel.shape as [number, number, number, number];
  const kernel = weightOf(weights, step.kernel);
  const bias = step.bias === undefined ? undefined : weightOf(weights, step.bias);
  const groupOutputs = outChannels / step.groups;
  const sums = new Float64Array(outChannels);
  for (let n = 0, to = 0; n < batch; n++) {
    for (let p = 0; p < outHeight; p++) {
      for (let q = 0; q < outWidth; q++, to += outChannels) {
        if (bias === undefined) sums.fill(0);
        else sums.set(bias);
        for (let i = 0; i < rows; i++) {
          const y = p * step.strides[0] + i * step.dilation[0] - step.padding[0];
          if (y < 0 || y >= inHeight) continue;
          for (let j = 0; j < columns; j++) {
            const z = q * step.strides[1] + j * step.dilation[1] - step.padding[2];
            if (z < 0 || z >= inWidth) continue;
            const pixel = ((n * inHeight + y) * inWidth + z) * inChannels;
            const tap = (i * columns + j) * groupInputs * outChannels;
            for (let o = 0; o < outChannels; o++) {
              const from = pixel + Math.floor(o / groupOutputs) * groupInputs;
              let sum = sums[o]!;
              for (let c = 0; c < groupInputs; c++) sum += x[from + c]! * kernel[tap + c * outChannels + o]!;
              sums[o] = sum;
            }
          }
        }
        output.set(sums, to);
      }
    }
  }
  applyActivation(step.activation, output, output);
}

function dense(step: DenseStep, { batch, inputs, output, weights }: StepData): void {
  const [length, units] = step.kernel.shape as [number, number];
  const x = inputs[0]!.data;
  const kernel = weightOf(weights, step.kernel);
  const bias = step.bias === undefined ? undefined : weightOf(weights, step.bias);
  for (let n = 0; n < batch; n++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = bias?.[unit] ?? 0;
      for (let c = 0; c < length; c++) sum += x[n * length + c]! * kernel[c * units + unit]!;
      output[n * units + unit] = sum;
    }
  }
  applyActivation(step.activation, output, output);
}

function batchNorm(step: BatchNormStep, { inputs, output, weights }: StepData): void {
  const mean = weightOf(weights, step.mean);
  const variance = weightOf(weights, step.variance);
  const gamma = step.gamma && weightOf(weights, step.gamma);
  const beta = step.beta && weightOf(weights, step.beta);
  const factors = Float64Array.from(variance, (v, c) => (gamma?.[c] ?? 1) / Math.sqrt(v + step.epsilon));
  const terms = Float64Array.from(mean, (m, c) => (beta?.[c] ?? 0) - m * factors[c]!);
  const x = inputs[0]!.data;
  for (let i = 0; i < output.length;) {
    for (let c = 0; c < factors.length; c++, i++) output[i] = x[i]! * factors[c]! + terms[c]!;
  }
}

function pad(step: PadStep, { batch, inputs, output }: StepData): void {
  const { data: x, shape: [inHeight, inWidth, channels] } = inputs[0]! as {
    data: Float32Array;
    shape: [number, number, number];
  };
  const [outHeight, outWidth] = step.shape as [number, number, number];
  const [top, , left] = step.padding;
  const row = inWidth * channels;
  output.fill(0);
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < inHeight; y++) {
      const from = (n * inHeight + y) * row;
      output.set(x.subarray(from, from + row), ((n * outHeight + y + top) * outWidth + left) * channels);
    }
  }
}

function pool(step: PoolStep, { batch, inputs, output }: StepData): void {
  const { data: x, shape: [inHeight, inWidth, channels] } = inputs[0]! as {
    data: Float32Array;
    shape: [number, number, number];
  };
  const [outHeight, outWidth] = step.shape as [number, number, number];
  const isMax = step.op === "maxPool";
  const values = new Float64Array(channels);
  for (let n = 0, to = 0; n < batch; n++) {
    for (let p = 0; p < outHeight; p++) {
      for (let q = 0; q < outWidth; q++, to += channels) {
        values.fill(isMax ? -Infinity : 0);
        let count = 0;
        for (let i = 0; i < step.size[0]; i++) {
          const y = p * step.strides[0] + i - step.padding[0];
          if (y < 0 || y >= inHeight) continue;
          for (let j = 0; j < step.size[1]; j++) {
            const z = q * step.strides[1] + j - step.padding[2];
            if (z < 0 || z >= inWidth) continue;
            count++;
            const from = ((n * inHeight + y) * inWidth + z) * channels;
            for (let c = 0; c < channels; c++) {
              values[c] = isMax ? Math.max(values[c]!, x[from + c]!) : values[c]! + x[from + c]!;
            }
          }
        }
        for (let c = 0; c < channels; c++) output[to + c] = isMax ? values[c]! : values[c]! / count;
      }
    }
  }
}

function globalPool(
  x: Float32Array,
  shape: readonly number[],
  output: Float32Array,
  batch: number,
  isMax: boolean,
): void {
  const channels = shape.at(-1)!;
  const pixels = sizeOf(shape) / channels;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      let value = isMax ? -Infinity : 0;
      for (let i = 0, at = n * pixels * channels + c; i < pixels; i++, at += channels) {
        value = isMax ? Math.max(value, x[at]!) : value + x[at]!;
      }
      output[n * channels + c] = isMax ? value : value / pixels;
    }
  }
}

/** Elementwise; lengths of 1 are repeated, as a gate [1, 1, C] is over an image [H, W, C]. */
function combine(
  { batch, inputs, output }: StepData,
  shape: readonly number[],
  join: (a: number, b: number) => number,
): void {
  const size = sizeOf(shape);
  for (const [which, { data, shape: from }] of inputs.entries()) {
    const own = sizeOf(from);
    const index = own === size ? undefined : broadcastIndex(from, shape);
    for (let n = 0; n < batch; n++) {
      for (let i = 0; i < size; i++) {
        const value = data[n * own + (index === undefined ? i : index[i]!)]!;
        const at = n * size + i;
        output[at] = which === 0 ? value : join(output[at]!, value);
      }
    }
  }
}

/** For every number of the large shape, its place in the small one. */
function broadcastIndex(from: readonly number[], to: readonly number[]): Uint32Array {
  const index = new Uint32Array(sizeOf(to));
  for (let i = 0; i < index.length; i++) {
    let rest = i;
    let stride = 1;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const position = rest % to[axis]!;
      rest = Math.floor(rest / to[axis]!);
      if (from[axis] !== 1) index[i]! += position * stride;
      stride *= from[axis]!;
    }
  }
  return index;
}

function concatenate({ inputs, output }: StepData): void {
  const channels = inputs.map(({ shape }) => shape.at(-1)!);
  const total = channels.reduce((a, b) => a + b);
  let start = 0;
  for (const [which, { data }] of inputs.entries()) {
    const count = channels[which]!;
    for (let row = 0; row * total < output.length; row++) {
      output.set(data.subarray(row * count, (row + 1) * count), row * total + start);
    }
    start += count;
  }
}

/** The softmax of each row of `length` numbers. */
export function softmax(x: Float32Array, output: Float32Array, length: number): void {
  for (let row = 0; row < x.length; row += length) {
    output.set(softmaxOfRow(x.subarray(row, row + length)), row);
  }
}
