/**
 * Every operation of a {@link Graph} in plain JavaScript: the reference that the kernels are held to, and what serves where
 * there are no 128-bit vectors. Sums are taken in float64 and rounded once.
 *
 * @module
 */
import type { Axes } from "../graph/axis.ts";
import {
  type BatchNorm,
  type Convolution,
  type ConvolutionTranspose,
  type Dense,
  type Operation,
  type Pad,
  type Pool,
  type Scale,
  sizeOf,
  type Upsample,
  type WeightRef,
} from "../graph/graph.ts";
import { softmax } from "../graph/class_scores.ts";
import { activationOf } from "./activations.ts";

/** Numbers of one precision: what is written into float32 is rounded once. */
export type Floats = Float32Array | Float64Array;

/** Numbers, row by row. */
export interface PlainArray {
  readonly data: Floats;
  /** With the batch first. */
  readonly shape: readonly number[];
}

/** What an operation works on. Its shapes fit it: `check_operation.ts`. */
export interface PlainData {
  readonly inputs: readonly PlainArray[];
  /** What it writes. */
  readonly output: PlainArray;
  /** The numbers of a weight. */
  readonly weight: (ref: WeightRef) => Float32Array;
}

type Image = readonly [batch: number, height: number, width: number, channels: number];

/** Computes one operation. */
export function runPlain(operation: Operation, data: PlainData): void {
  const { inputs, output: { data: y, shape } } = data;
  switch (operation.op) {
    case "convolution":
      return convolution(operation, data);
    case "convolutionTranspose":
      return convolutionTranspose(operation, data);
    case "dense":
      return dense(operation, data);
    case "batchNorm":
      return batchNorm(operation, data);
    case "scale":
      return scale(operation, data);
    case "pad":
      return pad(operation, data);
    case "upsample":
      return upsample(operation, data);
    case "maxPool":
    case "averagePool":
      return pool(operation, data);
    case "globalMaxPool":
    case "globalAveragePool":
      return globalPool(data, operation.op === "globalMaxPool");
    case "add":
      return join(data, (a, b) => a + b);
    case "average":
      join(data, (a, b) => a + b);
      return mapInto(y, y, (sum) => sum / inputs.length);
    case "multiply":
      return join(data, (a, b) => a * b);
    case "maximum":
      return join(data, Math.max);
    case "minimum":
      return join(data, Math.min);
    case "concatenate":
      return concatenate(data, operation.axis);
    case "reshape":
    case "identity":
      return y.set(inputs[0]!.data);
    case "softmax":
      return softmaxAlong(inputs[0]!.data, y, shape, operation.axis);
    case "activation":
      return mapInto(inputs[0]!.data, y, activationOf(operation.activation, operation));
    case "opaque":
      throw new Error(`Cannot run ${operation.name}: check_operation.ts should have refused it`);
    default:
      return operation satisfies never;
  }
}

/** y = f(x), number by number; both may be the same. */
export function mapInto(x: Floats, y: Floats, f: (x: number) => number): void {
  for (let i = 0; i < y.length; i++) y[i] = f(x[i]!);
}

/** y[n, p, q, o] = Σ x[n, p·s + i·d − top, q·s + j·d − left, c] · w[i, j, c, o] + b[o], c over the group of o. */
function convolution(operation: Convolution, { inputs, output, weight }: PlainData): void {
  const { data: x, shape } = inputs[0]!;
  const [batch, inHeight, inWidth, inChannels] = shape as Image;
  const [, outHeight, outWidth, outChannels] = output.shape as Image;
  const [rows, columns, groupInputs] = operation.kernel.shape as [number, number, number, number];
  const [vertical, horizontal] = operation.axes;
  const kernel = weight(operation.kernel);
  const bias = operation.bias && weight(operation.bias);
  const groupOutputs = outChannels / operation.groups;
  const sums = new Float64Array(outChannels);
  for (let n = 0, to = 0; n < batch; n++) {
    for (let p = 0; p < outHeight; p++) {
      for (let q = 0; q < outWidth; q++, to += outChannels) {
        if (bias === undefined) sums.fill(0);
        else sums.set(bias);
        for (let i = 0; i < rows; i++) {
          const h = p * vertical.stride + i * vertical.dilation - vertical.before;
          if (h < 0 || h >= inHeight) continue;
          for (let j = 0; j < columns; j++) {
            const w = q * horizontal.stride + j * horizontal.dilation - horizontal.before;
            if (w < 0 || w >= inWidth) continue;
            const pixel = ((n * inHeight + h) * inWidth + w) * inChannels;
            const tap = (i * columns + j) * groupInputs * outChannels;
            for (let c = 0; c < inChannels; c++) {
              const first = Math.floor(c / groupInputs) * groupOutputs;
              const row = tap + (c % groupInputs) * outChannels;
              const value = x[pixel + c]!;
              // In the order in which the kernel lies.
              for (let o = first; o < first + groupOutputs; o++) sums[o]! += value * kernel[row + o]!;
            }
          }
        }
        output.data.set(sums, to);
      }
    }
  }
  activate(operation, output.data);
}

/** y[n, p·s + i·d − top, q·s + j·d − left, k] += x[n, p, q, c] · w[i, j, k, c], from b[k] on. */
function convolutionTranspose(operation: ConvolutionTranspose, { inputs, output, weight }: PlainData): void {
  const { data: x, shape } = inputs[0]!;
  const [batch, inHeight, inWidth, inChannels] = shape as Image;
  const [, outHeight, outWidth, outChannels] = output.shape as Image;
  const [vertical, horizontal] = operation.axes;
  const kernel = weight(operation.kernel);
  const bias = operation.bias && weight(operation.bias);
  const sums = Float64Array.from({ length: output.data.length }, (_, at) => bias?.[at % outChannels] ?? 0);
  for (let n = 0, from = 0; n < batch; n++) {
    for (let p = 0; p < inHeight; p++) {
      for (let q = 0; q < inWidth; q++, from += inChannels) {
        for (let i = 0, row = 0; i < vertical.size; i++) {
          const h = p * vertical.stride + i * vertical.dilation - vertical.before;
          for (let j = 0; j < horizontal.size; j++) {
            const w = q * horizontal.stride + j * horizontal.dilation - horizontal.before;
            const isInside = h >= 0 && w >= 0 && h < outHeight && w < outWidth;
            const to = ((n * outHeight + h) * outWidth + w) * outChannels;
            for (let k = 0; k < outChannels; k++, row += inChannels) {
              if (!isInside) continue;
              for (let c = 0; c < inChannels; c++) sums[to + k]! += x[from + c]! * kernel[row + c]!;
            }
          }
        }
      }
    }
  }
  output.data.set(sums);
  activate(operation, output.data);
}

function dense(operation: Dense, { inputs, output, weight }: PlainData): void {
  const [length, units] = operation.kernel.shape as [number, number];
  const x = inputs[0]!.data;
  const kernel = weight(operation.kernel);
  const bias = operation.bias && weight(operation.bias);
  for (let row = 0; row * length < x.length; row++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = bias?.[unit] ?? 0;
      for (let c = 0; c < length; c++) sum += x[row * length + c]! * kernel[c * units + unit]!;
      output.data[row * units + unit] = sum;
    }
  }
  activate(operation, output.data);
}

function activate({ activation }: Pick<Convolution, "activation">, y: Floats): void {
  if (activation !== "linear") mapInto(y, y, activationOf(activation));
}

function batchNorm(operation: BatchNorm, { inputs, output, weight }: PlainData): void {
  const gamma = operation.gamma && weight(operation.gamma);
  const beta = operation.beta && weight(operation.beta);
  const [mean, variance] = [weight(operation.mean), weight(operation.variance)];
  const [factors, terms] = [new Float64Array(mean.length), new Float64Array(mean.length)];
  // `Float64Array.from` and `map` would take longer than the image does.
  for (let c = 0; c < mean.length; c++) {
    factors[c] = (gamma?.[c] ?? 1) / Math.sqrt(variance[c]! + operation.epsilon);
    terms[c] = (beta?.[c] ?? 0) - mean[c]! * factors[c]!;
  }
  affine(inputs[0]!.data, output.data, factors, terms);
}

function scale({ factors, offsets }: Scale, { inputs, output }: PlainData): void {
  affine(inputs[0]!.data, output.data, factors, offsets);
}

/** y = x·factor + term; one number serves all channels. */
function affine(
  x: Floats,
  y: Floats,
  factors: ArrayLike<number>,
  terms: ArrayLike<number>,
): void {
  const count = Math.max(factors.length, terms.length);
  const [factorStep, termStep] = [Number(factors.length > 1), Number(terms.length > 1)];
  for (let i = 0; i < y.length;) {
    for (let c = 0; c < count; c++, i++) y[i] = x[i]! * factors[c * factorStep]! + terms[c * termStep]!;
  }
}

function pad({ padding: [top, , left] }: Pad, { inputs, output }: PlainData): void {
  const { data: x, shape } = inputs[0]!;
  const [batch, inHeight, inWidth, channels] = shape as Image;
  const [, outHeight, outWidth] = output.shape as Image;
  const row = inWidth * channels;
  output.data.fill(0);
  for (let n = 0; n < batch; n++) {
    for (let h = 0; h < inHeight; h++) {
      const from = (n * inHeight + h) * row;
      output.data.set(x.subarray(from, from + row), ((n * outHeight + h + top) * outWidth + left) * channels);
    }
  }
}

function upsample({ factors: [rows, columns] }: Upsample, { inputs, output }: PlainData): void {
  const [{ data: x, shape }] = inputs as [PlainArray];
  const [batch, height, width, channels] = shape as Image;
  let to = 0;
  for (let row = 0; row < batch * height * rows; row++) {
    const image = Math.floor(row / rows) * width;
    for (let column = 0; column < width * columns; column++) {
      const from = (image + Math.floor(column / columns)) * channels;
      output.data.set(x.subarray(from, from + channels), to);
      to += channels;
    }
  }
}

function pool({ op, axes }: Pool, { inputs, output }: PlainData): void {
  const { data: x, shape } = inputs[0]!;
  const [batch, inHeight, inWidth, channels] = shape as Image;
  const [, outHeight, outWidth] = output.shape as Image;
  const isMax = op === "maxPool";
  const values = new Float64Array(channels);
  for (let n = 0, to = 0; n < batch; n++) {
    for (let p = 0; p < outHeight; p++) {
      for (let q = 0; q < outWidth; q++, to += channels) {
        values.fill(isMax ? -Infinity : 0);
        const count = overWindow(axes, p, q, inHeight, inWidth, (h, w) => {
          const from = ((n * inHeight + h) * inWidth + w) * channels;
          for (let c = 0; c < channels; c++) {
            values[c] = isMax ? Math.max(values[c]!, x[from + c]!) : values[c]! + x[from + c]!;
          }
        });
        for (let c = 0; c < channels; c++) output.data[to + c] = isMax ? values[c]! : values[c]! / count;
      }
    }
  }
}

/** Visits the pixels under a window that are inside of the image; returns how many. */
function overWindow(
  [vertical, horizontal]: Axes,
  p: number,
  q: number,
  height: number,
  width: number,
  visit: (h: number, w: number) => void,
): number {
  let count = 0;
  for (let i = 0; i < vertical.size; i++) {
    const h = p * vertical.stride + i * vertical.dilation - vertical.before;
    if (h < 0 || h >= height) continue;
    for (let j = 0; j < horizontal.size; j++) {
      const w = q * horizontal.stride + j * horizontal.dilation - horizontal.before;
      if (w < 0 || w >= width) continue;
      visit(h, w);
      count++;
    }
  }
  return count;
}

function globalPool({ inputs, output }: PlainData, isMax: boolean): void {
  const { data: x, shape } = inputs[0]!;
  const [batch, height, width, channels] = shape as Image;
  const pixels = height * width;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      let value = isMax ? -Infinity : 0;
      for (let i = 0, at = n * pixels * channels + c; i < pixels; i++, at += channels) {
        value = isMax ? Math.max(value, x[at]!) : value + x[at]!;
      }
      output.data[n * channels + c] = isMax ? value : value / pixels;
    }
  }
}

/** Number by number; lengths of 1 are repeated, as a gate [N, 1, 1, C] is over images [N, H, W, C]. */
function join({ inputs, output }: PlainData, combine: (a: number, b: number) => number): void {
  const { data: y, shape } = output;
  for (const [which, { data, shape: from }] of inputs.entries()) {
    const index = data.length === y.length ? undefined : broadcastIndex(from, shape);
    for (let i = 0; i < y.length; i++) {
      const value = data[index === undefined ? i : index[i]!]!;
      y[i] = which === 0 ? value : combine(y[i]!, value);
    }
  }
}

/** For every number of the large shape, its place in the small one, whose axes are its last ones. */
function broadcastIndex(from: readonly number[], to: readonly number[]): Uint32Array {
  const index = new Uint32Array(sizeOf(to));
  const missing = to.length - from.length;
  for (let i = 0; i < index.length; i++) {
    let rest = i;
    let stride = 1;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const position = rest % to[axis]!;
      rest = Math.floor(rest / to[axis]!);
      const length = from[axis - missing] ?? 1;
      if (length !== 1) index[i]! += position * stride;
      stride *= length;
    }
  }
  return index;
}

function concatenate({ inputs, output }: PlainData, axis: number): void {
  const lengths = inputs.map(({ shape }) => sizeOf(shape.slice(axis)));
  const total = lengths.reduce((a, b) => a + b);
  let start = 0;
  for (const [which, { data }] of inputs.entries()) {
    const length = lengths[which]!;
    for (let row = 0; row * total < output.data.length; row++) {
      output.data.set(data.subarray(row * length, (row + 1) * length), row * total + start);
    }
    start += length;
  }
}

function softmaxAlong(x: Floats, y: Floats, shape: readonly number[], axis: number): void {
  const [length, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const row = new Float64Array(length);
  for (let start = 0; start < x.length; start += length * inner) {
    for (let i = 0; i < inner; i++) {
      for (let c = 0; c < length; c++) row[c] = x[start + c * inner + i]!;
      const probabilities = softmax(row);
      for (let c = 0; c < length; c++) y[start + c * inner + i] = probabilities[c]!;
    }
  }
}
