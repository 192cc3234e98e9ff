/**
 * A packed graph out of a stranger's file: a graph, or one error that names what is wrong.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { ACTIVATIONS } from "../graph/activation.ts";
import type { Axis } from "../graph/axis.ts";
import { type Graph, type Operation, sizeOf, type ValueInfo, type WeightRef } from "../graph/graph.ts";
import { checkGraph } from "./check_graph.ts";
import { FORMAT, weightsOfPacked } from "./packed_graph.ts";

/**
 * The network again.
 *
 * @param json What {@link packGraph} made, or what somebody says that it is.
 * @param weights All of its weights.
 * @throws {InputError} when it is something else; the place is named.
 */
export function unpackGraph(json: unknown, weights: Float32Array): Graph {
  const root = new Reader(json, "the graph");
  if (root.field("format").value !== FORMAT) {
    throw root.field("format").wrong(JSON.stringify(FORMAT));
  }
  const places = root.list("weights").map((entry) => ({
    name: entry.text("name"),
    shape: entry.list("shape").map((length) => length.whole()),
  }));
  const needed = places.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (needed !== weights.length) {
    throw new InputError(
      `Cannot read the graph: the weights have ${weights.length} numbers; the network needs ${needed}`,
    );
  }
  const values = root.list("values").map((value): ValueInfo => ({
    shape: value.list("shape").map((length) => length.value === null ? null : length.whole()),
    dtype: value.text("dtype"),
  }));
  const graph: Graph = {
    name: root.text("name"),
    values,
    inputs: root.list("inputs").map((input) => ({
      name: input.text("name"),
      value: input.field("value").whole(values.length),
    })),
    outputs: root.list("outputs").map((value) => value.whole(values.length)),
    operations: root.list("operations").map((operation) => readOperation(operation, values.length)),
    weights: weightsOfPacked(places, weights),
  };
  checkGraph(graph);
  return graph;
}

/** By operation, how what it says beside names and values is read. */
const READERS: { [Op in Exclude<Operation["op"], "opaque">]: (from: Reader) => object } = {
  convolution: (from) => ({
    ...weightsIn(from, ["kernel"], ["bias"]),
    axes: readAxes(from),
    groups: from.field("groups").whole(undefined, 1),
    activation: readActivation(from),
  }),
  convolutionTranspose: (from) => ({
    ...weightsIn(from, ["kernel"], ["bias"]),
    axes: readAxes(from),
    activation: readActivation(from),
  }),
  dense: (from) => ({ ...weightsIn(from, ["kernel"], ["bias"]), activation: readActivation(from) }),
  batchNorm: (from) => ({
    ...weightsIn(from, ["mean", "variance"], ["gamma", "beta"]),
    epsilon: from.field("epsilon").number(),
  }),
  scale: (from) => ({ factors: numbers(from, "factors"), offsets: numbers(from, "offsets") }),
  pad: (from) => {
    const padding = from.list("padding").map((length) => length.whole());
    if (padding.length !== 4) throw from.field("padding").wrong("four lengths");
    return { padding };
  },
  upsample: (from) => {
    const factors = from.list("factors").map((factor) => factor.whole(undefined, 1));
    if (factors.length !== 2) throw from.field("factors").wrong("two factors");
    return { factors };
  },
  maxPool: (from) => ({ axes: readAxes(from) }),
  averagePool: (from) => ({ axes: readAxes(from) }),
  globalMaxPool: () => ({}),
  globalAveragePool: () => ({}),
  add: () => ({}),
  average: () => ({}),
  multiply: () => ({}),
  maximum: () => ({}),
  minimum: () => ({}),
  concatenate: (from) => ({ axis: from.field("axis").whole() }),
  reshape: () => ({}),
  softmax: (from) => ({ axis: from.field("axis").whole() }),
  activation: (from) => ({
    activation: readActivation(from),
    ...(from.has("alpha") ? { alpha: from.field("alpha").number() } : {}),
    ...(from.has("limit") ? { limit: from.field("limit").number() } : {}),
  }),
  identity: () => ({}),
};

function readOperation(from: Reader, valueCount: number): Operation {
  const op = from.text("op");
  if (!Object.hasOwn(READERS, op)) throw from.field("op").wrong("the name of an operation");
  return {
    op,
    name: from.text("name"),
    inputs: from.list("inputs").map((value) => value.whole(valueCount)),
    outputs: from.list("outputs").map((value) => value.whole(valueCount)),
    ...READERS[op as keyof typeof READERS](from),
  } as Operation;
}

function readActivation(from: Reader) {
  const name = from.text("activation");
  const activation = ACTIVATIONS.find((known) => known === name);
  if (activation === undefined) throw from.field("activation").wrong(`one of ${ACTIVATIONS.join(", ")}`);
  return activation;
}

function readAxes(from: Reader): Axis[] {
  const axes = from.list("axes").map((axis): Axis => ({
    size: axis.field("size").whole(undefined, 1),
    dilation: axis.field("dilation").whole(undefined, 1),
    stride: axis.field("stride").whole(undefined, 1),
    before: axis.field("before").whole(undefined, -MAXIMUM_LENGTH),
    after: axis.field("after").whole(undefined, -MAXIMUM_LENGTH),
  }));
  if (axes.length !== 2) throw from.field("axes").wrong("two axes");
  return axes;
}

function numbers(from: Reader, name: string): number[] {
  return from.list(name).map((value) => value.number());
}

function weightsIn(from: Reader, needed: readonly string[], optional: readonly string[]): object {
  const ref = (name: string): [string, WeightRef] => {
    const weight = from.field(name);
    return [name, { name: weight.text("name"), shape: weight.list("shape").map((length) => length.whole()) }];
  };
  return Object.fromEntries([...needed, ...optional.filter((name) => from.has(name))].map(ref));
}

/** More than any length that is meant; products of a few stay exact. */
const MAXIMUM_LENGTH = 2 ** 31 - 1;

/** A part of a JSON value, with the way to it for the error. */
class Reader {
  constructor(readonly value: unknown, private readonly path: string) {}

  has(name: string): boolean {
    return this.field(name).value !== undefined;
  }

  field(name: string): Reader {
    const members = this.members();
    return new Reader(Object.hasOwn(members, name) ? members[name] : undefined, `${this.path}.${name}`);
  }

  list(name: string): Reader[] {
    const field = this.field(name);
    if (!Array.isArray(field.value)) throw field.wrong("a list");
    return field.value.map((entry, i) => new Reader(entry, `${field.path}[${i}]`));
  }

  text(name: string): string {
    const field = this.field(name);
    if (typeof field.value !== "string") throw field.wrong("text");
    return field.value;
  }

  number(): number {
    if (typeof this.value !== "number" || !Number.isFinite(this.value)) throw this.wrong("a number");
    return this.value;
  }

  /** A whole number from `from` to `end`, which is not one of them. */
  whole(end = MAXIMUM_LENGTH, from = 0): number {
    const { value } = this;
    if (typeof value !== "number" || !Number.isInteger(value) || value < from || value >= end) {
      throw this.wrong(`a whole number of at least ${from} and below ${end}`);
    }
    return value;
  }

  wrong(expected: string): InputError {
    const text = JSON.stringify(this.value) ?? "nothing";
    const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
    return new InputError(`Cannot read ${this.path}: it is ${shown}, expected ${expected}`);
  }

  private members(): Record<string, unknown> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.wrong("an object");
    return value as Record<string, unknown>;
  }
}
