/**
 * What each operator of ONNX means: the one place where a node becomes operations. A new operator is one entry in
 * {@link RULES}; what is not there is opaque, with its shape where {@link SHAPES} tells it.
 *
 * Images are [N, C, H, W] in the file and [N, H, W, C] in the graph: a tensor of the file carries the order of its axes,
 * and a Transpose changes nothing but that.
 *
 * Reference: https://github.com/onnx/onnx/blob/main/docs/Operators.md
 *
 * @module
 */
import { TensorProto_DataType as DataType } from "onnx-buf";
import type { Activation } from "../../graph/activation.ts";
import { broadcast } from "../../graph/broadcast.ts";
import { type FullShape, type Operation, type Shape, sizeOf } from "../../graph/graph.ts";
import { type Refusal, refuse } from "../../graph/refusal.ts";
import { inversePermutation } from "../permute.ts";
import type { Constant } from "./constant.ts";
import { isPixel, TO_NCHW } from "./layout.ts";
import type { FileTensor, NodeCall } from "./node_call.ts";
import { SHAPES } from "./shapes.ts";
import { axesOf, imageAfter } from "./window.ts";

/** `Omit` for each member of a union by itself. */
type OmitEach<T, Keys extends PropertyKey> = T extends unknown ? Omit<T, Keys> : never;

/** An operation without its name and its values, and the shape of what it gives. */
export type Part = OmitEach<Operation, "name" | "inputs" | "outputs" | "origin"> & { readonly shape: Shape };

/** What a node computes: parts one after the other, of these tensors. */
export interface Reading {
  readonly parts: readonly Part[];
  readonly inputs: readonly FileTensor[];
  /** The order of the axes of what it gives, as in {@link FileTensor}. */
  readonly axes: readonly number[] | undefined;
}

/** What a node computes; a refusal where it is opaque for a reason, and nothing where it is without one. */
type Rule = (call: NodeCall) => Reading | Refusal | undefined;

const RELU6_LIMIT = 6;

const RULES: Readonly<Record<string, Rule>> = {
  Conv: convolution,
  BatchNormalization: batchNormalization,
  Gemm: gemm,
  MatMul: (call) => {
    const x = call.tensor(0);
    const shape = call.constant(1)?.shape;
    return x !== undefined && shape?.length === 2 ? dense(call, x, shape[0]!, shape[1]!) : undefined;
  },
  Add: (call) => joined(call, "add") ?? shifted(call, 1, 1),
  Sum: (call) => joined(call, "add"),
  Sub: (call) => shifted(call, 1, -1) ?? shifted(call, -1, 1),
  Mul: (call) => joined(call, "multiply") ?? scaled(call, (factor) => factor),
  Div: (call) => call.tensor(0) === undefined ? undefined : scaled(call, (factor) => 1 / factor),
  Max: (call) => joined(call, "maximum"),
  Min: (call) => joined(call, "minimum"),
  Mean: (call) => joined(call, "average"),
  Pad: pad,
  MaxPool: (call) => pool(call, "maxPool"),
  AveragePool: (call) => pool(call, "averagePool"),
  GlobalAveragePool: (call) => globalPool(call, "globalAveragePool", [2, 3], true),
  GlobalMaxPool: (call) => globalPool(call, "globalMaxPool", [2, 3], true),
  ReduceMean: (call) => reduced(call, "globalAveragePool"),
  ReduceMax: (call) => reduced(call, "globalMaxPool"),
  Concat: concatenation,
  Relu: activation("relu"),
  Sigmoid: activation("sigmoid"),
  Tanh: activation("tanh"),
  Softplus: activation("softplus"),
  Softsign: activation("softsign"),
  Mish: activation("mish"),
  Gelu: (call) => activation(call.text("approximate", "none") === "tanh" ? "gelu_new" : "gelu")(call),
  Selu: (call) => call.has("alpha") || call.has("gamma") ? undefined : activation("selu")(call),
  HardSigmoid: (call) =>
    isNear(call.float("alpha", 0.2), 0.2) && isNear(call.float("beta", 0.5), 0.5)
      ? activation("hard_sigmoid")(call)
      : undefined,
  Elu: (call) => {
    const alpha = call.float("alpha", 1);
    return activation("elu", alpha === 1 ? {} : { alpha })(call);
  },
  LeakyRelu: (call) => leaky(call, call.float("alpha", 0.01)),
  PRelu: (call) => {
    const slopes = call.constant(1)?.numbers();
    return slopes?.length
      ? slopes.every((slope) => slope === slopes[0]) ? leaky(call, slopes[0]!) : undefined
      : undefined;
  },
  Clip: clip,
  Identity: unchanged,
  Dropout: (call) =>
    call.constant(2)?.numbers()[0] || call.node.output.slice(1).some((name) => name !== "")
      ? refuse("inference", "it is in training mode, or its mask is read", "Export the network in eval mode.")
      : unchanged(call),
  Cast: (call) =>
    call.int("to", 0) === DataType.FLOAT && call.tensor(0)?.dtype === "float32" ? unchanged(call) : undefined,
  Transpose: transposition,
  Flatten: reshaping,
  Reshape: reshaping,
  Squeeze: reshaping,
  Unsqueeze: reshaping,
  Softmax: softmax,
};

/** Operators whose attributes meant something else before opset 7, which is where we begin. */
const CHANGED_IN_7 = new Set(["Add", "BatchNormalization", "Div", "Dropout", "Gemm", "Mul", "PRelu", "Sub"]);

/**
 * What a node computes.
 *
 * @throws {InputError} when its attributes or the shape of a weight are broken.
 */
export function meaningOf(call: NodeCall): Reading | Refusal | undefined {
  const { domain, opType } = call.node;
  if (call.operands.some((operand) => operand?.kind === "tensor" && operand.tensor.dtype !== "float32")) {
    return undefined;
  }
  if (call.opset < 7 && CHANGED_IN_7.has(opType)) return undefined;
  if ((domain !== "" && domain !== "ai.onnx") || !Object.hasOwn(RULES, opType)) return undefined;
  return RULES[opType]!(call);
}

/** What a Conv knows of its input, whoever made that. */
export function imageBefore(call: NodeCall): FullShape | undefined {
  const kernel = call.constant(1);
  if (call.node.opType !== "Conv" || kernel?.dtype !== DataType.FLOAT || kernel.shape.length !== 4) {
    return undefined;
  }
  return [null, null, null, kernel.shape[1]! * call.int("group", 1)];
}

/** The tensor of an operand that is an image [N, C, H, W] of a known number of channels. */
function imageAt(call: NodeCall, index: number): { image: FileTensor; shape: FullShape } | undefined {
  const image = call.tensor(index);
  const isImage = image?.shape?.length === 4 && image.shape[3] != null && hasAxes(image, TO_NCHW);
  return isImage ? { image, shape: image.shape! } : undefined;
}

function hasAxes({ axes }: FileTensor, wanted: readonly number[]): boolean {
  return axes?.length === wanted.length && wanted.every((axis, i) => axes[i] === axis);
}

/** Whether the numbers stand in the file in the graph's order. */
function isInOrder({ axes, shape }: FileTensor): boolean {
  return axes !== undefined &&
    (axes.every((axis, i) => axis === i) || (shape !== undefined && isPixel(shape)));
}

/** One part of one tensor that keeps shape and axes. */
function samePlace(call: NodeCall, part: (shape: Shape) => Part): Reading | undefined {
  const x = call.tensor(0);
  return x && { parts: [part(x.shape)], inputs: [x], axes: x.axes };
}

function unchanged(call: NodeCall): Reading | undefined {
  return samePlace(call, (shape) => ({ op: "identity", shape }));
}

function activation(activation: Activation, settings: { alpha?: number; limit?: number } = {}) {
  return (call: NodeCall): Reading | undefined =>
    samePlace(call, (shape) => ({ op: "activation", activation, ...settings, shape }));
}

function leaky(call: NodeCall, alpha: number): Reading | undefined {
  return alpha === 1 ? unchanged(call) : activation("leaky_relu", { alpha })(call);
}

function clip(call: NodeCall): Reading | undefined {
  const bound = (index: number, name: string, none: number) =>
    call.has(name) ? call.float(name, none) : call.lacks(index) ? none : call.constant(index)?.numbers()[0];
  const [low, high] = [bound(1, "min", -Infinity), bound(2, "max", Infinity)];
  if (low !== 0 || high === undefined) return undefined;
  // What exporters write for "nowhere".
  if (high >= 3.4e38) return activation("relu")(call);
  return high === RELU6_LIMIT ? activation("relu6")(call) : activation("relu", { limit: high })(call);
}

function convolution(call: NodeCall): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  const kernel = call.constant(1);
  if (found === undefined || kernel?.shape.length !== 4) return undefined;
  const groups = call.int("group", 1);
  const [outputs, inputs, height, width] = kernel.shape as [number, number, number, number];
  if (groups < 1 || inputs * groups !== found.shape[3] || outputs % groups !== 0) {
    throw call.fail(
      `its kernel [${kernel.shape}] in ${groups} ${groups === 1 ? "group" : "groups"} does not fit ${
        found.shape[3]
      } channels`,
    );
  }
  const axes = axesOf(call, found.shape, [height, width]);
  if ("kind" in axes) return axes;
  const weight = call.weightAt(1, { shape: [height, width, inputs, outputs], axes: [2, 3, 1, 0] });
  const bias = vector(call, 2, outputs);
  if (weight === undefined || bias === null) return undefined;
  return {
    parts: [{
      op: "convolution",
      kernel: weight,
      ...(bias === undefined ? {} : { bias }),
      axes,
      groups,
      activation: "linear",
      shape: imageAfter(found.shape, axes, outputs),
    }],
    inputs: [found.image],
    axes: TO_NCHW,
  };
}

/** A weight [length]; nothing where it is left out, and `null` where it is not constant. */
function vector(call: NodeCall, index: number, length: number, factor = 1) {
  if (call.lacks(index)) return undefined;
  const shape = call.constant(index)?.shape;
  if (shape === undefined) return null;
  if (sizeOf(shape) !== length) {
    throw call.fail(`a weight of shape [${shape}] does not fit ${length} channels`);
  }
  return call.weightAt(index, { shape: [length], factor }) ?? null;
}

function batchNormalization(call: NodeCall): Reading | Refusal | undefined {
  const x = call.tensor(0);
  const rank = x?.shape?.length;
  const isUnderstood = x !== undefined && (hasAxes(x, TO_NCHW) || hasAxes(x, [0, 1]));
  if (!isUnderstood || call.int("spatial", 1) !== 1) return undefined;
  if (call.int("training_mode", 0) !== 0 || call.node.output.slice(1).some((name) => name !== "")) {
    return refuse("inference", "it normalizes by its own batch", "Export the network in eval mode.");
  }
  const channels = x.shape![rank! - 1];
  const length = call.constant(1)?.shape[0];
  if (length === undefined || (channels !== null && channels !== length)) {
    if (length === undefined) return undefined;
    throw call.fail(`it normalizes ${length} channels, its input has ${channels}`);
  }
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => vector(call, index, length));
  if (!gamma || !beta || !mean || !variance) return undefined;
  const part: Part = {
    op: "batchNorm",
    gamma,
    beta,
    mean,
    variance,
    epsilon: call.float("epsilon", 1e-5),
    shape: x.shape,
  };
  return { parts: [part], inputs: [x], axes: x.axes };
}

/** α · A · B + β · C */
function gemm(call: NodeCall): Reading | undefined {
  const x = call.tensor(0);
  const kernel = call.constant(1);
  if (x === undefined || kernel?.shape.length !== 2 || call.int("transA", 0) !== 0) return undefined;
  const isTransposed = call.int("transB", 0) !== 0;
  const [inputs, units] = isTransposed
    ? [kernel.shape[1]!, kernel.shape[0]!]
    : kernel.shape as [number, number];
  const shifts = call.constant(2)?.shape;
  if (!call.lacks(2) && (shifts === undefined || sizeOf(shifts) !== units || shifts.at(-1) !== units)) {
    return undefined;
  }
  return dense(call, x, inputs, units, isTransposed);
}

function dense(
  call: NodeCall,
  x: FileTensor,
  inputs: number,
  units: number,
  isTransposed = false,
): Reading | undefined {
  const features = x.shape?.at(-1);
  if (x.shape === undefined || !isInOrder(x) || x.shape.length === 4) return undefined;
  if (features != null && features !== inputs) {
    throw call.fail(`its matrix takes ${inputs} features, its input has ${features}`);
  }
  const kernel = call.weightAt(1, {
    shape: [inputs, units],
    ...(isTransposed ? { axes: [1, 0] } : {}),
    factor: call.float("alpha", 1),
  });
  const bias = vector(call, 2, units, call.float("beta", 1));
  if (kernel === undefined || bias === null) return undefined;
  const shape = [...x.shape.slice(0, -1), units];
  return {
    parts: [{ op: "dense", kernel, ...(bias === undefined ? {} : { bias }), activation: "linear", shape }],
    inputs: [x],
    axes: x.axes,
  };
}

/** Number by number over tensors that stand alike in the file. */
function joined(
  call: NodeCall,
  op: "add" | "multiply" | "maximum" | "minimum" | "average",
): Reading | undefined {
  const inputs = call.operands.map((_, i) => call.tensor(i));
  const [first] = inputs;
  if (first?.axes === undefined || inputs.some((x) => x === undefined || !hasAxes(x, first.axes!))) {
    return undefined;
  }
  const shape = broadcast(inputs.map((x) => x!.shape));
  return { parts: [{ op, shape }], inputs: inputs as FileTensor[], axes: first.axes };
}

/** A tensor and numbers for each of its channels, or one for all, in any order. */
function perChannel(
  call: NodeCall,
): { x: FileTensor; numbers: readonly number[]; isFirst: boolean } | undefined {
  const isFirst = call.tensor(0) !== undefined;
  const x = call.tensor(isFirst ? 0 : 1);
  const constant = call.constant(isFirst ? 1 : 0);
  if (x === undefined || constant?.dtype !== DataType.FLOAT || x.dtype !== "float32") return undefined;
  const numbers = channelsOf(x, constant);
  return numbers && { x, numbers, isFirst };
}

/** Nothing where the numbers are repeated along another axis than the channels, or more of them than there are channels. */
function channelsOf({ shape, axes }: FileTensor, constant: Constant): readonly number[] | undefined {
  if (sizeOf(constant.shape) === 1 && constant.shape.length <= (axes?.length ?? 0)) {
    return [...constant.numbers()];
  }
  if (shape === undefined || axes === undefined) return undefined;
  const channels = shape.at(-1);
  const inFile = axes.indexOf(shape.length - 1);
  const fromBack = axes.length - inFile;
  const isPerChannel = constant.shape.length <= axes.length &&
    constant.shape.every((length, i) => length === (constant.shape.length - i === fromBack ? channels : 1));
  return isPerChannel ? [...constant.numbers()] : undefined;
}

function scaled(call: NodeCall, factorOf: (number: number) => number): Reading | undefined {
  const found = perChannel(call);
  const factors = found?.numbers.map(factorOf);
  if (found === undefined || !factors!.every(Number.isFinite)) return undefined;
  return scale(found.x, factors!, [0]);
}

/** tensor · `sign` + numbers · `direction`: an addition, or a subtraction of one from the other. */
function shifted(call: NodeCall, sign: 1 | -1, direction: 1 | -1): Reading | undefined {
  const found = perChannel(call);
  // x − c or c − x; in an addition the order does not matter.
  if (found === undefined || (sign !== direction && found.isFirst !== (sign === 1))) return undefined;
  return scale(found.x, [sign], found.numbers.map((number) => number * direction));
}

function scale(x: FileTensor, factors: readonly number[], offsets: readonly number[]): Reading {
  return { parts: [{ op: "scale", factors, offsets, shape: x.shape }], inputs: [x], axes: x.axes };
}

function pad(call: NodeCall): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  const amounts = call.integersOrAttribute(1, "pads");
  const given = call.integers(3)?.map((axis) => axis < 0 ? axis + 4 : axis) ?? [0, 1, 2, 3];
  if (found === undefined || amounts === undefined || amounts.length !== 2 * given.length) return undefined;
  const value = call.has("value")
    ? call.float("value", 0)
    : call.lacks(2)
    ? 0
    : call.constant(2)?.numbers()[0];
  const at = (axis: number, isEnd: boolean) => {
    const place = given.indexOf(axis);
    return place < 0 ? 0 : amounts[place + (isEnd ? given.length : 0)]!;
  };
  const padding = [at(2, false), at(2, true), at(3, false), at(3, true)] as const;
  const isZeros = call.text("mode", "constant") === "constant" && value === 0;
  const others = [at(0, false), at(0, true), at(1, false), at(1, true)];
  if (!isZeros || [...padding, ...others].some((n) => n < 0) || others.some((n) => n !== 0)) return undefined;
  return { parts: [padPart(found.shape, padding)], inputs: [found.image], axes: TO_NCHW };
}

function padPart(
  [batch, height, width, channels]: FullShape,
  padding: readonly [number, number, number, number],
): Part {
  const [top, bottom, left, right] = padding;
  const more = (length: number | null | undefined, pixels: number) => length == null ? null : length + pixels;
  return {
    op: "pad",
    padding,
    shape: [batch!, more(height, top + bottom), more(width, left + right), channels!],
  };
}

function pool(call: NodeCall, op: "maxPool" | "averagePool"): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  const size = call.ints("kernel_shape");
  if (found === undefined || size?.length !== 2 || call.node.output.slice(1).some((name) => name !== "")) {
    return undefined;
  }
  const axes = axesOf(call, found.shape, size);
  if ("kind" in axes) return axes;
  const isPadded = axes.some(({ before, after }) => before > 0 || after > 0);
  const at = { inputs: [found.image], axes: TO_NCHW };
  if (op === "maxPool" || !isPadded || call.int("count_include_pad", 0) === 0) {
    return { ...at, parts: [{ op, axes, shape: imageAfter(found.shape, axes, found.shape[3]!) }] };
  }
  // The padding counts as zeros: it is one of its own in front.
  const [vertical, horizontal] = axes;
  const zeros = axes.map(({ before, after }) => [before, Math.max(after, 0)]) as [
    [number, number],
    [number, number],
  ];
  const padded = padPart(found.shape, [...zeros[0], ...zeros[1]]);
  const inside = [vertical, horizontal].map((axis) => ({
    ...axis,
    before: 0,
    after: Math.min(axis.after, 0),
  }));
  const shape = imageAfter(found.shape, axes, found.shape[3]!);
  return { ...at, parts: [padded, { op, axes: [inside[0]!, inside[1]!], shape }] };
}

function globalPool(
  call: NodeCall,
  op: "globalAveragePool" | "globalMaxPool",
  axesInFile: readonly number[],
  keepsAxes: boolean,
): Reading | undefined {
  const x = call.tensor(0);
  if (x?.shape?.length !== 4 || x.axes === undefined) return undefined;
  const [batch, , , channels] = x.shape as [number | null, unknown, unknown, number | null];
  const reduced = axesInFile.map((axis) => x.axes![axis < 0 ? axis + 4 : axis]).sort();
  if (reduced.length !== 2 || reduced[0] !== 1 || reduced[1] !== 2) return undefined;
  return keepsAxes
    ? { parts: [{ op, shape: [batch, 1, 1, channels] }], inputs: [x], axes: x.axes }
    : { parts: [{ op, shape: [batch, channels] }], inputs: [x], axes: [0, 1] };
}

function reduced(call: NodeCall, op: "globalAveragePool" | "globalMaxPool"): Reading | undefined {
  const axes = call.integersOrAttribute(1, "axes");
  return axes && globalPool(call, op, axes, call.int("keepdims", 1) !== 0);
}

function concatenation(call: NodeCall): Reading | undefined {
  const inputs = call.operands.map((_, i) => call.tensor(i));
  const [first] = inputs;
  if (first?.axes === undefined || inputs.some((x) => x?.shape === undefined || !hasAxes(x, first.axes!))) {
    return undefined;
  }
  const inFile = call.int("axis", 0);
  const axis = first.axes.at(inFile);
  if (axis === undefined || axis === 0) return undefined;
  const shape = first.shape!.map((length, i) => {
    const lengths = inputs.map((x) => x!.shape![i]!);
    if (i !== axis) return lengths.find((other) => other !== null) ?? length;
    return lengths.reduce<number | null>((a, b) => a === null || b === null ? null : a + b, 0);
  });
  return { parts: [{ op: "concatenate", axis, shape }], inputs: inputs as FileTensor[], axes: first.axes };
}

/** Nothing moves: the same value, whose axes stand in another order in the file. */
function transposition(call: NodeCall): Reading | undefined {
  const x = call.tensor(0);
  if (x?.axes === undefined) return undefined;
  const order = call.ints("perm") ?? x.axes.map((_, i) => x.axes!.length - 1 - i);
  if (order.length !== x.axes.length) throw call.fail(`its perm is [${order}] for ${x.axes.length} axes`);
  const axes = order.map((axis) => x.axes![axis]!);
  const isKnown = [TO_NCHW, axes.map((_, i) => i)].some((known) => hasAxes({ ...x, axes }, known));
  return isKnown ? { parts: [{ op: "identity", shape: x.shape }], inputs: [x], axes } : undefined;
}

/** A Reshape, Flatten, Squeeze or Unsqueeze that keeps the batch and the order of the numbers. */
function reshaping(call: NodeCall): Reading | undefined {
  const x = call.tensor(0);
  const found = SHAPES[call.node.opType]!(call);
  if (x?.shape === undefined || found === undefined || !isInOrder(x)) return undefined;
  const keepsBatch = found[0] === x.shape[0];
  if (!keepsBatch) return undefined;
  if (found.length !== 4) {
    return {
      parts: [{ op: "reshape", shape: found }],
      inputs: [x],
      axes: found.map((_, i) => i),
    };
  }
  const shape = inversePermutation(TO_NCHW).map((axis) => found[axis]!);
  return isPixel(shape) ? { parts: [{ op: "reshape", shape }], inputs: [x], axes: TO_NCHW } : undefined;
}

function softmax(call: NodeCall): Reading | undefined {
  const x = call.tensor(0);
  if (x?.shape === undefined || x.axes === undefined) return undefined;
  const isOfAllBehind = call.opset < 13;
  const inFile = call.int("axis", isOfAllBehind ? 1 : -1);
  const axis = x.axes.at(inFile);
  // Before opset 13 it goes over all axes from this one on.
  if (axis === undefined || (isOfAllBehind && x.axes.indexOf(axis) !== x.axes.length - 1)) return undefined;
  return { parts: [{ op: "softmax", axis, shape: x.shape }], inputs: [x], axes: x.axes };
}

function isNear(value: number, wanted: number): boolean {
  return Math.abs(value - wanted) < 1e-6;
}
