/**
 * A network in float64, wherever it is looked at: a few pixels of one tensor cost a few pixels of those before it. What
 * float32 makes of a network is rounding as far as it lies around these values, and a fault beyond.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Axes, Axis } from "../graph/axis.ts";
import { type Graph, type Operation, sizeOf, type ValueId } from "../graph/graph.ts";
import { outputShape } from "../runtime/check_operation.ts";
import { type PlainArray, runPlain } from "../runtime/reference.ts";

/** Rows or columns of an image: the first, and the one behind the last. */
export type Range = readonly [from: number, to: number];

/** A part of an image. */
export type Window = readonly [rows: Range, columns: Range];

/** A network on one image. */
export class ExactNetwork {
  private readonly makers: ReadonlyMap<ValueId, Operation>;
  private readonly shapes = new Map<ValueId, readonly number[]>();
  private readonly done = new Map<string, PlainArray>();
  /** Those of the tensor that is computed window by window: to decode them takes longer than a window. */
  private readonly weights = new Map<string, Float32Array>();
  private subject: ValueId | undefined;

  /**
   * @param graph Any network.
   * @param given Tensors of one image, the batch of 1 first: all that is asked for is computed from the nearest of them.
   */
  constructor(private readonly graph: Graph, private readonly given: ReadonlyMap<ValueId, PlainArray>) {
    this.makers = new Map(
      graph.operations.flatMap((operation) => operation.outputs.map((output) => [output, operation])),
    );
  }

  /**
   * Part of a tensor, or all of it. What is given for it is not looked at: it is computed from what stands before.
   *
   * @param window For images [1, H, W, C] alone.
   * @throws {InputError} when an operation is opaque, or reads what neither is given nor can be computed.
   */
  compute(value: ValueId, window?: Window): PlainArray {
    const subject = window === undefined ? undefined : value;
    if (subject !== this.subject) this.weights.clear();
    this.subject = subject;
    return this.make(value, window);
  }

  private make(value: ValueId, window: Window | undefined): PlainArray {
    const operation = this.makers.get(value);
    if (operation === undefined) return crop(this.given.get(value)!, window);
    if (operation.op === "opaque") {
      throw new InputError(`Cannot compute "${operation.name}" in float64: it is ${operation.origin.kind}.`);
    }
    return this.run(operation, this.shapeOf(value, operation), window);
  }

  private read(value: ValueId, window: Window | undefined): PlainArray {
    const given = this.given.get(value);
    if (given !== undefined) return crop(given, window);
    const key = `${value} ${window}`;
    const known = this.done.get(key);
    if (known !== undefined) return known;
    const computed = this.make(value, window);
    this.done.set(key, computed);
    return computed;
  }

  private run(operation: Operation, shape: readonly number[], window: Window | undefined): PlainArray {
    const [input] = operation.inputs as [ValueId];
    const isImage = shape.length === 4;
    const [rows, columns] = window ?? [[0, shape[1]!], [0, shape[2]!]];
    switch (operation.op) {
      case "convolution":
      case "maxPool":
      case "averagePool": {
        const [height, width] = this.sidesOf(input);
        const [vertical, horizontal] = operation.axes;
        const read = [rowsRead(vertical, rows, height), rowsRead(horizontal, columns, width)] as const;
        const axes: Axes = [shifted(vertical, rows, read[0]), shifted(horizontal, columns, read[1])];
        return this.apply({ ...operation, axes }, [this.read(input, read)], windowed(shape, [rows, columns]));
      }
      case "pad": {
        const [top, , left] = operation.padding;
        const [height, width] = this.sidesOf(input);
        const read = [within(rows, top, height), within(columns, left, width)] as const;
        const made = windowed(shape, [rows, columns]);
        if (read.some(isEmpty)) return { data: new Float64Array(sizeOf(made)), shape: made };
        const padding = [
          top + read[0][0] - rows[0],
          rows[1] - top - read[0][1],
          left + read[1][0] - columns[0],
          columns[1] - left - read[1][1],
        ] as const;
        return this.apply({ ...operation, padding }, [this.read(input, read)], made);
      }
      default: {
        if (!isImage || !isLocal(operation, shape.length - 1)) {
          return crop(
            this.apply(operation, operation.inputs.map((id) => this.read(id, undefined)), shape),
            window,
          );
        }
        const inputs = operation.inputs.map((id) => {
          const sides = this.shapeOf(id).slice(1, -1);
          if (sides.length < 2) return this.read(id, undefined);
          // A gate of one pixel serves all of them.
          const [height, width] = sides as [number, number];
          return this.read(id, [height === 1 ? [0, 1] : rows, width === 1 ? [0, 1] : columns]);
        });
        return this.apply(operation, inputs, windowed(shape, [rows, columns]));
      }
    }
  }

  private apply(operation: Operation, inputs: readonly PlainArray[], shape: readonly number[]): PlainArray {
    const output = { data: new Float64Array(sizeOf(shape)), shape };
    runPlain(operation, { inputs, output, weight: ({ name }) => this.weight(name) });
    return output;
  }

  private weight(name: string): Float32Array {
    const values = this.weights.get(name) ?? this.graph.weights.get(name)!.read();
    if (this.subject !== undefined) this.weights.set(name, values);
    return values;
  }

  private sidesOf(value: ValueId): readonly [number, number] {
    return this.shapeOf(value).slice(1, 3) as [number, number];
  }

  private shapeOf(value: ValueId, maker = this.makers.get(value)): readonly number[] {
    const known = this.shapes.get(value) ?? this.given.get(value)?.shape;
    if (known !== undefined) return known;
    const said = (this.graph.values[value]!.shape ?? []).map((length) => length ?? NaN).with(0, 1);
    const shape = outputShape(maker!, maker!.inputs.map((input) => this.shapeOf(input)), said);
    this.shapes.set(value, shape);
    return shape;
  }
}

/** Whether every pixel depends on that pixel of the inputs alone. */
function isLocal(operation: Operation, channelAxis: number): boolean {
  if (operation.op === "softmax" || operation.op === "concatenate") return operation.axis === channelAxis;
  return LOCAL.has(operation.op);
}

const LOCAL: ReadonlySet<Operation["op"]> = new Set([
  "dense",
  "batchNorm",
  "scale",
  "add",
  "average",
  "multiply",
  "maximum",
  "minimum",
  "activation",
  "identity",
]);

/** The input positions that lie on the image and that some outputs read. */
function rowsRead(axis: Axis, [from, to]: Range, length: number): Range {
  const first = from * axis.stride - axis.before;
  const last = (to - 1) * axis.stride - axis.before + (axis.size - 1) * axis.dilation;
  return within([first, last + 1], 0, length);
}

/** The part of an image of `length` positions, of which the first is called `start`, that lies in a range. */
function within([from, to]: Range, start: number, length: number): Range {
  const first = Math.min(length, Math.max(0, from - start));
  return [first, Math.max(first, Math.min(length, to - start))];
}

function isEmpty([from, to]: Range): boolean {
  return from === to;
}

/** The axis for outputs from `made` on, which sees `read` of its input. */
function shifted(axis: Axis, made: Range, read: Range): Axis {
  return { ...axis, before: axis.before + read[0] - made[0] * axis.stride };
}

function windowed([batch, , , channels]: readonly number[], [rows, columns]: Window): readonly number[] {
  return [batch!, rows[1] - rows[0], columns[1] - columns[0], channels!];
}

/** A part of an image. */
export function crop(image: PlainArray, window: Window | undefined): PlainArray {
  const [, height, width, channels] = image.shape as [number, number, number, number];
  const [rows, columns] = window ?? [[0, height], [0, width]];
  if (window === undefined || (rows[1] - rows[0] === height && columns[1] - columns[0] === width)) {
    return image;
  }
  const shape = windowed(image.shape, window);
  const data = new Float64Array(sizeOf(shape));
  const row = (columns[1] - columns[0]) * channels;
  for (let h = rows[0], to = 0; h < rows[1]; h++, to += row) {
    const from = (h * width + columns[0]) * channels;
    data.set(image.data.subarray(from, from + row), to);
  }
  return { data, shape };
}
