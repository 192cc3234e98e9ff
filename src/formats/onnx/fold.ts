/**
 * What nodes give whose operands are all known: the arithmetic on shapes that exporters leave in a file, and weights that a
 * node rearranges. A node that is not here, or that would make more than it is worth, is left to whoever runs the file.
 *
 * @module
 */
import { TensorProto_DataType as DataType } from "onnx-buf";
import { sizeOf } from "../../graph/graph.ts";
import { gatherStrided, inversePermutation, permuteShape, stridesOf } from "../permute.ts";
import { computedConstant, type Constant, constantOf } from "./constant.ts";
import type { NodeCall } from "./node_call.ts";
import { shapeInFile, SHAPES, sliceOf } from "./shapes.ts";

/** Numbers that a fold makes at most, unless there are as many in what it reads: more than any shape has. */
const LIMIT = 1 << 16;

type Numbers = Float32Array | Float64Array;
type Fold = (call: NodeCall) => Constant | undefined;

const FOLDS: Readonly<Record<string, Fold>> = {
  Identity: (call) => renamed(call, call.constant(0)),
  Dropout: (call) => renamed(call, call.constant(0)),
  Cast: (call) => {
    const x = call.constant(0);
    const to = call.int("to", 0);
    if (x === undefined || ![DataType.FLOAT, DataType.INT64, DataType.INT32, DataType.DOUBLE].includes(to)) {
      return undefined;
    }
    const isWhole = to === DataType.INT64 || to === DataType.INT32;
    return made(call, to, x.shape, () => {
      const numbers = x.numbers();
      return to === DataType.FLOAT
        ? Float32Array.from(numbers)
        : Float64Array.from(numbers, isWhole ? Math.trunc : Number);
    });
  },
  Shape: (call) => {
    const shape = shapeInFile(call.tensor(0)) ?? call.constant(0)?.shape;
    const range = shape?.slice(call.int("start", 0), call.has("end") ? call.int("end", 0) : undefined);
    if (range === undefined || range.includes(null)) return undefined;
    return made(call, DataType.INT64, [range.length], () => Float64Array.from(range as number[]));
  },
  ConstantOfShape: (call) => {
    const shape = call.integers(0);
    const value = call.tensorAttribute("value");
    if (shape === undefined || !isSmall(shape)) return undefined;
    const of = value === undefined ? undefined : constantOf(value);
    return made(
      call,
      of?.dtype ?? DataType.FLOAT,
      shape,
      () => filled(of?.dtype, sizeOf(shape), of?.numbers()[0] ?? 0),
    );
  },
  Gather: (call) => {
    const [x, indices] = [call.constant(0), call.constant(1)];
    if (x?.shape.length !== 1 || indices === undefined || call.int("axis", 0) !== 0) return undefined;
    const places = [...indices.numbers()].map((at) => at < 0 ? at + x.shape[0]! : at);
    if (places.some((at) => at < 0 || at >= x.shape[0]!)) return undefined;
    return made(call, x.dtype, indices.shape, () => like(x, places.map((at) => x.numbers()[at]!)));
  },
  Slice: slice,
  Concat: (call) => {
    const parts = call.operands.map((_, i) => call.constant(i));
    if (parts.some((part) => part?.shape.length !== 1) || parts.length === 0) return undefined;
    const numbers = parts.flatMap((part) => [...part!.numbers()]);
    return made(call, parts[0]!.dtype, [numbers.length], () => like(parts[0]!, numbers));
  },
  Unsqueeze: rearranged,
  Squeeze: rearranged,
  Reshape: rearranged,
  Flatten: rearranged,
  Transpose: (call) => {
    const x = call.constant(0);
    if (x === undefined) return undefined;
    const axes = call.ints("perm") ?? x.shape.map((_, i) => x.shape.length - 1 - i);
    if (axes.length !== x.shape.length || inversePermutation(axes).includes(-1)) return undefined;
    const shape = permuteShape(x.shape, axes);
    return made(call, x.dtype, shape, () => picked(x, shape, permuteShape(stridesOf(x.shape), axes), 0));
  },
  Add: pairwise((a, b) => a + b),
  Sub: pairwise((a, b) => a - b),
  Mul: pairwise((a, b) => a * b),
  Div: pairwise((a, b) => a / b),
  Neg: eachOne((x) => -x),
  Sqrt: eachOne(Math.sqrt),
  Reciprocal: eachOne((x) => 1 / x),
  Floor: eachOne(Math.floor),
};

/** Parts of the axes, in steps of either direction. */
function slice(call: NodeCall): Constant | undefined {
  const x = call.constant(0);
  const [starts, ends] = [call.integersOrAttribute(1, "starts"), call.integersOrAttribute(2, "ends")];
  const axes = call.integersOrAttribute(3, "axes") ?? starts?.map((_, i) => i);
  const steps = call.integers(4) ?? starts?.map(() => 1);
  if (
    x === undefined || starts === undefined || ends === undefined || axes === undefined || steps === undefined
  ) {
    return undefined;
  }
  const shape = [...x.shape];
  const strides = stridesOf(x.shape);
  let offset = 0;
  for (const [i, named] of axes.entries()) {
    const axis = named < 0 ? named + shape.length : named;
    const length = x.shape[axis];
    const step = steps[i]!;
    if (length === undefined || step === 0) return undefined;
    const part = sliceOf(length, starts[i]!, ends[i]!, step);
    shape[axis] = part.length;
    offset += part.start * strides[axis]!;
    strides[axis] = strides[axis]! * step;
  }
  return made(call, x.dtype, shape, () => picked(x, shape, strides, offset));
}

/** The numbers at `offset` + Σ index · stride, row by row. */
function picked(x: Constant, shape: readonly number[], strides: readonly number[], offset: number): Numbers {
  const from = x.numbers();
  const out = from instanceof Float32Array
    ? new Float32Array(sizeOf(shape))
    : new Float64Array(sizeOf(shape));
  gatherStrided(out, from, shape, strides, offset);
  return out;
}

/** What a node of known operands gives, where it is worked out here. */
export function foldOf(call: NodeCall): Constant | undefined {
  const { domain, opType } = call.node;
  if (domain !== "" && domain !== "ai.onnx") return undefined;
  if (opType === "Constant") return constantNode(call);
  if (opType !== "Shape" && call.operands.some((operand) => operand?.kind === "tensor")) return undefined;
  return Object.hasOwn(FOLDS, opType) ? FOLDS[opType]!(call) : undefined;
}

function constantNode(call: NodeCall): Constant | undefined {
  const value = call.tensorAttribute("value");
  if (value !== undefined) return renamed(call, constantOf(value));
  const [ints, int] = [call.ints("value_ints"), call.has("value_int")];
  if (ints !== undefined) return made(call, DataType.INT64, [ints.length], () => Float64Array.from(ints));
  if (int) return made(call, DataType.INT64, [], () => Float64Array.of(call.int("value_int", 0)));
  if (call.has("value_float")) {
    return made(call, DataType.FLOAT, [], () => Float32Array.of(call.float("value_float", 0)));
  }
  return undefined;
}

function made(
  call: NodeCall,
  dtype: DataType,
  shape: readonly number[],
  numbers: () => Numbers,
): Constant | undefined {
  const read = call.operands.map((_, i) => call.constant(i)).map((operand) =>
    operand ? sizeOf(operand.shape) : 0
  );
  return isSmall(shape, Math.max(...read))
    ? computedConstant(call.node.output[0]!, dtype, shape, numbers)
    : undefined;
}

function renamed(call: NodeCall, constant: Constant | undefined): Constant | undefined {
  return constant && { ...constant, name: call.node.output[0]! };
}

function isSmall(shape: readonly number[], read = 0): boolean {
  const isCounted = shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  return isCounted && sizeOf(shape) <= Math.max(LIMIT, read);
}

function like({ dtype }: Constant, numbers: readonly number[]): Numbers {
  return dtype === DataType.FLOAT ? Float32Array.from(numbers) : Float64Array.from(numbers);
}

function filled(dtype: DataType | undefined, count: number, value: number): Numbers {
  return dtype === undefined || dtype === DataType.FLOAT
    ? new Float32Array(count).fill(value)
    : new Float64Array(count).fill(value);
}

/** The same numbers in another shape. */
function rearranged(call: NodeCall): Constant | undefined {
  const x = call.constant(0);
  const shape = SHAPES[call.node.opType]!(call, 0);
  if (x === undefined || shape === undefined || shape.includes(null)) return undefined;
  if (sizeOf(shape as number[]) !== sizeOf(x.shape)) throw call.fail(`it brings [${x.shape}] to [${shape}]`);
  return { ...x, name: call.node.output[0]!, shape: shape as number[] };
}

function eachOne(compute: (x: number) => number): Fold {
  return (call) => {
    const x = call.constant(0);
    return x && made(call, x.dtype, x.shape, () => like(x, Array.from(x.numbers(), compute)));
  };
}

/** Of two of one type; one of them may be a single number. */
function pairwise(compute: (a: number, b: number) => number): Fold {
  return (call) => {
    const [a, b] = [call.constant(0), call.constant(1)];
    if (a === undefined || b === undefined || a.dtype !== b.dtype) return undefined;
    const [sizeA, sizeB] = [sizeOf(a.shape), sizeOf(b.shape)];
    const isAlike = a.shape.length === b.shape.length && a.shape.every((length, i) => length === b.shape[i]);
    if (!isAlike && sizeA !== 1 && sizeB !== 1) return undefined;
    const shape = isAlike || (sizeB === 1 && a.shape.length >= b.shape.length)
      ? a.shape
      : sizeA === 1 && b.shape.length >= a.shape.length
      ? b.shape
      : undefined;
    if (shape === undefined) return undefined;
    const isWhole = a.dtype === DataType.INT64 || a.dtype === DataType.INT32;
    return made(call, a.dtype, shape, () => {
      const [left, right] = [a.numbers(), b.numbers()];
      return like(
        a,
        Array.from({ length: sizeOf(shape) }, (_, i) => {
          const value = compute(left[sizeA === 1 ? 0 : i]!, right[sizeB === 1 ? 0 : i]!);
          return isWhole ? Math.trunc(value) : value;
        }),
      );
    });
  };
}
