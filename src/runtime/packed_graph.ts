/**
 * A {@link Graph} as JSON and its weights as one row of numbers: what an exported module and a page carry, and what is read
 * back from their folders. The reader takes a stranger's file: it gives a graph, or one error that names what is wrong.
 *
 * What only the writer of the network's own format needs is left out.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { ACTIVATIONS } from "../graph/activation.ts";
import type { Axis } from "../graph/axis.ts";
import {
  type Graph,
  type GraphInput,
  type Operation,
  sizeOf,
  type ValueId,
  type ValueInfo,
  type WeightRef,
  weightsOf,
} from "../graph/graph.ts";
import { computedWeight, type Weight } from "../graph/weights.ts";
import { schedule } from "./schedule.ts";

/** A graph in two parts. */
export interface PackedGraph {
  /** Plain JSON. */
  readonly json: GraphJson;
  /** All weights, one after the other. */
  readonly weights: Float32Array<ArrayBuffer>;
}

/** What {@link unpackGraph} reads. */
export interface GraphJson {
  readonly format: typeof FORMAT;
  readonly name: string;
  readonly values: readonly ValueInfo[];
  readonly inputs: readonly Pick<GraphInput, "name" | "value">[];
  readonly outputs: readonly ValueId[];
  readonly operations: readonly Operation[];
  /** In the order in which they lie. */
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

const FORMAT = "repfuse graph 1";

/**
 * Packs a network.
 *
 * @throws {InputError} when the runtime could not run it; the operation is named.
 */
export function packGraph(graph: Graph): PackedGraph {
  schedule(graph, 1);
  const names = [...new Set(graph.operations.flatMap(weightsOf).map(({ name }) => name))];
  const stored = names.map((name) => ({ name, weight: graph.weights.get(name)! }));
  const weights = new Float32Array(stored.reduce((sum, { weight }) => sum + sizeOf(weight.shape), 0));
  let offset = 0;
  for (const { weight } of stored) {
    weights.set(weight.read(), offset);
    offset += sizeOf(weight.shape);
  }
  const json: GraphJson = {
    format: FORMAT,
    name: graph.name,
    values: graph.values.map(({ shape, dtype }) => ({ shape, dtype })),
    inputs: graph.inputs.map(({ name, value }) => ({ name, value })),
    outputs: graph.outputs,
    operations: graph.operations.map(({ origin: _, ...operation }) => operation as Operation),
    weights: stored.map(({ name, weight }) => ({ name, shape: weight.shape })),
  };
  return { json, weights };
}

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
  const stored = new Map<string, Weight>();
  let offset = 0;
  for (const entry of root.list("weights")) {
    const shape = entry.list("shape").map((length) => length.whole());
    const size = sizeOf(shape);
    // Compared before it is added: a length that is believed could be any.
    if (size > weights.length - offset) {
      throw entry.wrong(`at most ${weights.length - offset} numbers that are left`);
    }
    stored.set(entry.text("name"), computedWeight(shape, weights.subarray(offset, offset + size)));
    offset += size;
  }
  if (offset !== weights.length) {
    throw new InputError(
      `Cannot read the graph: its weights are ${offset} numbers, but there are ${weights.length}`,
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
    weights: stored,
  };
  for (const { name, shape } of graph.operations.flatMap(weightsOf)) {
    const weight = stored.get(name);
    if (weight === undefined || sizeOf(weight.shape) !== sizeOf(shape)) {
      throw new InputError(`Cannot read the graph: it has no weight ${JSON.stringify(name)} of [${shape}]`);
    }
  }
  schedule(graph, 1);
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
