/**
 * What every operation of a {@link Graph} is in operators of ONNX's opset 17.
 *
 * @module
 */
import type { Axis } from "../../graph/axis.ts";
import type {
  BatchNorm,
  Convolution,
  ConvolutionTranspose,
  Dense,
  FullShape,
  Opaque,
  Operation,
  Scale,
  WeightRef,
} from "../../graph/graph.ts";
import { isSequence, ownOf } from "../../graph/sides.ts";
import { activated } from "./activations.ts";
import type { OnnxGraphWriter } from "./graph_writer.ts";
import { isImage, isPixel, TO_OIHW, toNchw, toNhwc } from "./layout.ts";
import { apply, type Attribute, ints, type Term } from "./term.ts";

/** Why an operation cannot be written; `writeOnnx` gathers them all into one message. */
export class NotInOnnx extends Error {}

/** A tensor of the file. */
export interface OnnxTensor {
  readonly name: string;
  /** In our graph: [N, H, W, C] for what is [N, C, H, W] in the file. */
  readonly shape: FullShape;
  /** Axis k in the file is axis `axes[k]` of our graph. */
  readonly axes: readonly number[];
}

/** Operators that take any number of tensors. */
const JOINS = { add: "Sum", average: "Mean", maximum: "Max", minimum: "Min" } as const;

/**
 * What an operation makes.
 *
 * @param inputs One at least.
 * @param shape Of what it makes, in our graph; nothing where it is not known.
 * @param writer Gets the weights.
 * @throws {NotInOnnx} when it cannot be said in ONNX.
 */
export function termOf(
  operation: Exclude<Operation, Opaque>,
  inputs: readonly OnnxTensor[],
  shape: FullShape | undefined,
  writer: OnnxGraphWriter,
): Term {
  const x = inputs[0]!;
  switch (operation.op) {
    case "convolution":
      return activated(convolution(operation, x, writer), operation.activation);
    case "convolutionTranspose":
      return activated(convolutionTranspose(operation, x, writer), operation.activation);
    case "dense":
      return activated(dense(operation, x, writer), operation.activation);
    case "batchNorm":
      return batchNorm(operation, x, writer);
    case "scale":
      return scale(operation, x, writer);
    case "pad": {
      const [top, bottom, left, right] = operation.padding;
      return pad(x.name, ownOf(x.shape, [top, left]), ownOf(x.shape, [bottom, right]));
    }
    case "maxPool": {
      const { image, attributes: { dilations, ...attributes } } = window(
        x.name,
        ownOf(x.shape, operation.axes),
      );
      const isDilated = operation.axes.some(({ dilation }) => dilation > 1);
      return apply("MaxPool", [image], isDilated ? { ...attributes, dilations: dilations! } : attributes);
    }
    case "averagePool": {
      if (operation.axes.some(({ dilation }) => dilation > 1)) throw new NotInOnnx("its window is dilated");
      const { image, attributes: { dilations: _none, ...attributes } } = window(
        x.name,
        ownOf(x.shape, operation.axes),
      );
      return apply("AveragePool", [image], attributes);
    }
    case "upsample": {
      // The defaults of Resize take the nearest pixel, which for whole factors is the one that stands there.
      const factors = [1, 1, ...ownOf(x.shape, operation.factors)];
      const scales = writer.floats(`${operation.name}/scales`, factors, [factors.length], false);
      return apply("Resize", [x.name, "", scales]);
    }
    case "globalMaxPool":
      return overImage("ReduceMax", x, shape);
    case "globalAveragePool":
      return overImage("ReduceMean", x, shape);
    case "add":
    case "average":
    case "maximum":
    case "minimum":
      return apply(JOINS[operation.op], namesOf(inputs));
    case "multiply":
      return namesOf(inputs).reduce((product, factor) => apply("Mul", [product, factor]));
    case "concatenate":
      return apply("Concat", namesOf(inputs), { axis: BigInt(x.axes.indexOf(operation.axis)) });
    case "reshape":
      return reshape(x, shape);
    case "softmax":
      return apply("Softmax", [x.name], { axis: BigInt(x.axes.indexOf(operation.axis)) });
    case "activation":
      return activated(x.name, operation.activation, operation);
    case "identity":
      return x.name;
    default:
      return operation satisfies never;
  }
}

function convolution(
  { kernel, bias, axes, groups }: Convolution,
  x: OnnxTensor,
  writer: OnnxGraphWriter,
): Term {
  const { image, attributes } = window(x.name, ownOf(x.shape, axes));
  const weights = [kernelOf(kernel, x, writer), ...(bias === undefined ? [] : [writer.weight(bias)])];
  return apply("Conv", [image, ...weights], { ...attributes, group: BigInt(groups) });
}

/** OIHW; OIL for sequences. */
function kernelOf({ name, shape }: WeightRef, x: OnnxTensor, writer: OnnxGraphWriter): Term {
  return isSequence(x.shape)
    ? writer.weight({ name, shape: shape.slice(1) }, [2, 1, 0])
    : writer.weight({ name, shape }, TO_OIHW);
}

function convolutionTranspose(
  { kernel, bias, axes: pair }: ConvolutionTranspose,
  x: OnnxTensor,
  writer: OnnxGraphWriter,
): Term {
  const axes = ownOf(x.shape, pair);
  const weights = [kernelOf(kernel, x, writer), ...(bias === undefined ? [] : [writer.weight(bias)])];
  const further = axes.map(({ after }) => Math.max(0, -after));
  if (
    axes.some(({ before, stride, dilation }, i) => before < 0 || further[i]! >= Math.max(stride, dilation))
  ) {
    throw new NotInOnnx("it pads by other amounts than ONNX does");
  }
  return apply("ConvTranspose", [x.name, ...weights], {
    kernel_shape: ints(axes.map(({ size }) => size)),
    strides: ints(axes.map(({ stride }) => stride)),
    dilations: ints(axes.map(({ dilation }) => dilation)),
    pads: ints([...axes.map(({ before }) => before), ...axes.map(({ after }) => Math.max(0, after))]),
    ...(further.some((pixels) => pixels > 0) ? { output_padding: ints(further) } : {}),
  });
}

/** [N, inputs] by the kernel [inputs, units], as it is stored. */
function dense({ kernel, bias }: Dense, x: OnnxTensor, writer: OnnxGraphWriter): Term {
  const weights = [writer.weight(kernel), ...(bias === undefined ? [] : [writer.weight(bias)])];
  if (x.shape.length === 2) return apply("Gemm", [x.name, ...weights]);
  if (isImage(x.shape)) throw new NotInOnnx("its input is an image");
  const [matrix, shifts] = weights as [string, string?];
  const product = apply("MatMul", [x.name, matrix]);
  return shifts === undefined ? product : apply("Add", [product, shifts]);
}

function batchNorm(operation: BatchNorm, x: OnnxTensor, writer: OnnxGraphWriter): Term {
  if (x.axes[1] !== x.shape.length - 1) {
    throw new NotInOnnx("its input is neither images, sequences nor [N, features]");
  }
  const { name, gamma, beta, mean, variance, epsilon } = operation;
  const all = (key: string, value: number) =>
    writer.floats(`${name}/${key}`, new Array<number>(mean.shape[0]!).fill(value), mean.shape);
  return apply("BatchNormalization", [
    x.name,
    gamma === undefined ? all("gamma", 1) : writer.weight(gamma),
    beta === undefined ? all("beta", 0) : writer.weight(beta),
    writer.weight(mean),
    writer.weight(variance),
  ], { epsilon });
}

function scale({ name, factors, offsets }: Scale, x: OnnxTensor, writer: OnnxGraphWriter): Term {
  const behind = x.axes.slice(x.axes.indexOf(x.shape.length - 1) + 1).map(() => 1);
  const perChannel = (key: string, values: readonly number[]) =>
    values.length === 1 ? values[0]! : writer.floats(`${name}/${key}`, values, [values.length, ...behind]);
  const isOne = factors.every((factor) => factor === 1);
  const scaled = isOne ? x.name : apply("Mul", [x.name, perChannel("factors", factors)]);
  const hasNoOffset = offsets.every((offset) => offset === 0);
  return hasNoOffset ? scaled : apply("Add", [scaled, perChannel("offsets", offsets)]);
}

/** To and from [N, 1, 1, C], as squeeze-and-excitation has it, nothing has to move; other images are brought to NHWC and back, sequences are NLC. */
function reshape(x: OnnxTensor, shape: FullShape | undefined): Term {
  // ONNX finds out one length by itself.
  const lengths = shape?.slice(1).map((length) => length ?? -1);
  if (lengths === undefined || lengths.filter((length) => length === -1).length > 1) {
    throw new NotInOnnx("its target shape is not fixed");
  }
  const rowMajor = isImage(x.shape) && !isPixel(x.shape) ? toNhwc(x.name) : x.name;
  const to = (lengths: readonly number[]) => apply("Reshape", [rowMajor, { integers: [0, ...lengths] }]);
  if (!isImage(shape)) return to(lengths);
  return isPixel(shape!) ? to([lengths[2]!, 1, 1]) : toNchw(to(lengths));
}

function overImage(opType: "ReduceMax" | "ReduceMean", x: OnnxTensor, shape: FullShape | undefined): Term {
  return apply(opType, [x.name], {
    axes: ints(x.shape.slice(2).map((_, i) => i + 2)),
    keepdims: shape?.length === x.shape.length ? 1n : 0n,
  });
}

/**
 * A window's attributes, and what it is moved over. ONNX rounds down by itself, which leaves the last pixels unread when
 * they are fewer than a stride; more of them, or some in front, have to be cut away.
 */
function window(
  x: Term,
  axes: readonly Axis[],
): { image: Term; attributes: Record<string, Attribute> } {
  const cutBefore = axes.map(({ before }) => Math.min(0, before));
  const cutAfter = axes.map(({ after, stride }) => after <= -stride ? after : 0);
  const isCut = [...cutBefore, ...cutAfter].some((pixels) => pixels < 0);
  const pads = [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)];
  return {
    image: isCut ? pad(x, cutBefore, cutAfter) : x,
    attributes: {
      kernel_shape: ints(axes.map(({ size }) => size)),
      strides: ints(axes.map(({ stride }) => stride)),
      dilations: ints(axes.map(({ dilation }) => dilation)),
      pads: ints(pads.map((pixels) => Math.max(0, pixels))),
    },
  };
}

/** Zeros around an image; a negative number of pixels is cut away. */
function pad(x: Term, before: readonly number[], after: readonly number[]): Term {
  return apply("Pad", [x, { integers: [0, 0, ...before, 0, 0, ...after] }]);
}

/** The inputs of an operation whose inputs have to have the same number of axes. */
function namesOf(inputs: readonly OnnxTensor[]): Term[] {
  if (inputs.some(({ shape }) => shape.length !== inputs[0]!.shape.length)) {
    throw new NotInOnnx("its inputs differ in their number of axes");
  }
  return inputs.map(({ name }) => name);
}
