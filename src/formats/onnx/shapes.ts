/**
 * The shapes of what nodes give whose meaning is another matter: so that an operator that stays opaque does not hide what
 * stands behind it. Shapes here are in the order of the file.
 *
 * @module
 */
import { type NodeProto, TensorProto_DataType as DataType } from "onnx-buf";
import { broadcast } from "../../graph/broadcast.ts";
import type { FullShape, Shape } from "../../graph/graph.ts";
import type { FileTensor, NodeCall } from "./node_call.ts";

/** The shape of a tensor in the order of the file. */
export function shapeInFile(tensor: FileTensor | undefined): Shape {
  if (tensor?.shape === undefined || tensor.axes === undefined) return undefined;
  return tensor.axes.map((axis) => tensor.shape![axis]!);
}

/** The shape of an operand in the order of the file. */
function shapeOf(call: NodeCall, index: number): Shape {
  return shapeInFile(call.tensor(index)) ?? call.constant(index)?.shape;
}

/** Operators that compute number by number, or whose result is as large as their input. */
const SAME = new Set(
  ("Abs Acos Asin Atan BatchNormalization Cast Ceil Celu Clip Cos CumSum DequantizeLinear Dropout Elu Erf Exp Floor Gelu GroupNormalization HardSigmoid HardSwish " +
    "Identity InstanceNormalization LayerNormalization LeakyRelu Log LogSoftmax LpNormalization LRN Mish Neg PRelu " +
    "Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu")
    .split(" "),
);

type ShapeRule = (call: NodeCall, output: number) => FullShape | undefined;

/** Shapes by operator; nothing where they cannot be told. */
export const SHAPES: Readonly<Record<string, ShapeRule>> = {
  Flatten: (call) => {
    const shape = shapeOf(call, 0);
    const axis = call.int("axis", 1);
    if (shape === undefined || axis !== 1) return undefined;
    return [shape[0]!, product(shape.slice(1))];
  },
  Reshape: (call) => {
    const shape = shapeOf(call, 0);
    const target = call.integersOrAttribute(1, "shape");
    if (target === undefined) return undefined;
    const copied = target.map((length, i) =>
      length === 0 && call.int("allowzero", 0) === 0 ? shape?.[i] ?? null : length
    );
    const open = copied.indexOf(-1);
    if (open < 0) return copied;
    const rest = copied.filter((_, i) => i !== open);
    return copied.map((length, i) => i === open ? openLength(shape, rest) : length);
  },
  Squeeze: (call) => {
    const shape = shapeOf(call, 0);
    const axes = call.integersOrAttribute(1, "axes");
    if (shape === undefined || axes === undefined) return undefined;
    const gone = axes.map((axis) => axis < 0 ? axis + shape.length : axis);
    return shape.filter((_, i) => !gone.includes(i));
  },
  Unsqueeze: (call) => {
    const shape = shapeOf(call, 0);
    const axes = call.integersOrAttribute(1, "axes");
    if (shape === undefined || axes === undefined) return undefined;
    const rank = shape.length + axes.length;
    const fresh = axes.map((axis) => axis < 0 ? axis + rank : axis);
    const rest = [...shape];
    return Array.from({ length: rank }, (_, i) => fresh.includes(i) ? 1 : rest.shift() ?? null);
  },
  Transpose: (call) => {
    const shape = shapeOf(call, 0);
    const order = call.ints("perm") ?? shape?.map((_, i) => shape.length - 1 - i);
    return shape && order!.map((axis) => shape[axis] ?? null);
  },
  Conv: (call) => afterConvolution(call, 0),
  ConvTranspose: (call) => afterConvolution(call, 1),
  Pad: (call) => {
    const pads = call.integersOrAttribute(1, "pads");
    const shape = shapeOf(call, 0);
    if (pads?.length !== (shape?.length ?? 0) * 2) return shape?.map(() => null);
    return shape!.map((length, i) => length === null ? null : length + pads[i]! + pads[i + shape!.length]!);
  },
  Resize: sameRank,
  Upsample: sameRank,
  Slice: slicedShape,
  Split: (call, output) => {
    const shape = shapeInFile(call.tensor(0));
    if (shape === undefined) return undefined;
    const named = call.int("axis", 0);
    const axis = named < 0 ? named + shape.length : named;
    const parts = call.integersOrAttribute(1, "split") ?? evenParts(shape[axis], call.node.output.length);
    return shape.map((length, i) => i === axis ? parts?.[output] ?? null : length);
  },
  Concat: sameRank,
  MaxPool: sameChannels,
  AveragePool: sameChannels,
  GlobalAveragePool: onePlace,
  GlobalMaxPool: onePlace,
  Add: elementwise,
  Sub: elementwise,
  Mul: elementwise,
  Div: elementwise,
  Max: elementwise,
  Min: elementwise,
};

/** Operators that move numbers along the axes, and keep these. */
const MOVES_ALONG = new Set(["Concat", "Resize", "Slice", "Split", "Upsample"]);

/** Operators that leave every number in its place, or move it along an axis, so that the order of the axes stays, too. */
export function keepsPlaces({ opType }: NodeProto): boolean {
  return SAME.has(opType) || MOVES_ALONG.has(opType) || SHAPES[opType] === elementwise;
}

const CAST_TO: ReadonlyMap<number, string> = new Map([
  [DataType.FLOAT, "float32"],
  [DataType.FLOAT16, "float16"],
]);

/** The type of what a node gives, where that follows from what it takes. */
export function typeAfter(call: NodeCall): string {
  const { opType } = call.node;
  if (opType === "DequantizeLinear") {
    return call.constant(1)?.dtype === DataType.FLOAT ? "float32" : "unknown";
  }
  if (opType === "Cast") return CAST_TO.get(call.int("to", 0)) ?? "unknown";
  const isKept = SAME.has(opType) || Object.hasOwn(SHAPES, opType);
  return isKept ? call.tensor(0)?.dtype ?? "unknown" : "unknown";
}

/** The shape of one of a node's outputs in the order of the file. */
export function opaqueShape(call: NodeCall, output: number): Shape {
  const { opType } = call.node;
  if (output > 0 && opType !== "Split") return undefined;
  if (SAME.has(opType)) return shapeInFile(call.tensor(0));
  return Object.hasOwn(SHAPES, opType) ? SHAPES[opType]!(call, output) : undefined;
}

/** Where a Slice of one axis begins, and how many numbers it takes. */
export function sliceOf(
  length: number,
  start: number,
  end: number,
  step: number,
): { readonly start: number; readonly length: number } {
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const place = (at: number) => Math.min(Math.max(at < 0 ? at + length : at, low), high);
  return { start: place(start), length: Math.max(0, Math.ceil((place(end) - place(start)) / step)) };
}

function slicedShape(call: NodeCall): FullShape | undefined {
  const shape = shapeInFile(call.tensor(0));
  const [starts, ends] = [call.integersOrAttribute(1, "starts"), call.integersOrAttribute(2, "ends")];
  const axes = call.lacks(3) && !call.has("axes")
    ? starts?.map((_, i) => i)
    : call.integersOrAttribute(3, "axes");
  const steps = call.lacks(4) ? starts?.map(() => 1) : call.integers(4);
  if (shape === undefined || axes === undefined) return shape?.map(() => null);
  const at = axes.map((axis) => axis < 0 ? axis + shape.length : axis);
  return shape.map((length, axis) => {
    const i = at.indexOf(axis);
    if (i < 0 || length === null) return length;
    const [start, end, step] = [starts?.[i], ends?.[i], steps?.[i]];
    if (start === undefined || end === undefined || !step) return null;
    return sliceOf(length, start, end, step).length;
  });
}

/** As many equal parts, the last of which may be smaller. */
function evenParts(length: number | null | undefined, count: number): readonly number[] | undefined {
  if (length == null) return undefined;
  const each = Math.ceil(length / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, length - i * each)));
}

/** The length that is left for a -1. The batch cancels where it stands in both. */
function openLength(shape: Shape, rest: readonly (number | null)[]): number | null {
  if (shape === undefined) return null;
  const all = [...shape];
  const others = [...rest];
  if (all[0] === null && others[0] === null) {
    all.shift();
    others.shift();
  }
  const [from, to] = [product(all), product(others)];
  return from === null || to === null || to === 0 ? null : from / to;
}

function product(lengths: readonly (number | null)[]): number | null {
  return lengths.reduce<number | null>((a, b) => a === null || b === null ? null : a * b, 1);
}

/** [N, K, ...] with open lengths. */
function afterConvolution(call: NodeCall, axis: 0 | 1): FullShape | undefined {
  const kernel = call.constant(1)?.shape;
  if (kernel === undefined) return undefined;
  const batch = call.tensor(0)?.shape?.[0] ?? null;
  const channels = axis === 0 ? kernel[0]! : kernel[1]! * call.int("group", 1);
  return [batch, channels, ...kernel.slice(2).map(() => null)];
}

/** Batch and channels as they are, all else open. */
function sameChannels(call: NodeCall): FullShape | undefined {
  return shapeInFile(call.tensor(0))?.map((length, i) => i < 2 ? length : null);
}

/** Batch and channels as they are, all else 1. */
function onePlace(call: NodeCall): FullShape | undefined {
  return shapeInFile(call.tensor(0))?.map((length, i) => i < 2 ? length : 1);
}

/** As many axes, of open lengths but for the batch. */
function sameRank(call: NodeCall): FullShape | undefined {
  return shapeInFile(call.tensor(0))?.map((length, i) => i === 0 ? length : null);
}

function elementwise(call: NodeCall): FullShape | undefined {
  const shapes = call.operands.map((_, i) => shapeOf(call, i));
  const rank = Math.max(...shapes.map((shape) => shape?.length ?? 0));
  return broadcast(
    shapes.map((shape) => shape && [...new Array<number>(rank - shape.length).fill(1), ...shape]),
  );
}
