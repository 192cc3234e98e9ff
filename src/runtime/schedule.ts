/**
 * A {@link Graph} with its batch size chosen: shapes in full, activations folded into the
 * operation before them, and the place of every value in one arena.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Graph, Operation, ValueId } from "../graph/graph.ts";
import { sizeOf } from "../graph/graph.ts";
import { type Lifetime, placeValues } from "./placement.ts";

/** What is to be run. */
export interface Schedule {
  /** By value, with the batch first. */
  readonly shapes: readonly (readonly number[])[];
  /** In this order; those that change no number are left out. */
  readonly operations: readonly Operation[];
  /** Where each value starts in the arena, in numbers. */
  readonly offsets: readonly number[];
  /** How many numbers the arena has. */
  readonly length: number;
  /** How many values lie in it at once, at most. */
  readonly mostAtOnce: number;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
}

/**
 * Plans a network.
 *
 * @param batch Images at once.
 * @throws {InputError} when a length is not fixed.
 */
export function schedule(graph: Graph, batch: number): Schedule {
  const shapes = boundShapes(graph, batch);
  const operations = foldActivations(graph);
  return { shapes, ...place(graph, operations, shapes) };
}

/**
 * The shapes of all values for a batch.
 *
 * @throws {InputError} when a length is not fixed.
 */
export function boundShapes({ values }: Graph, batch: number): number[][] {
  return values.map(({ shape }, value) => {
    const full = shape?.map((length, axis) => axis === 0 ? length ?? batch : length);
    if (full === undefined || full.some((length) => length === null)) {
      throw new InputError(`Cannot run the network: its value ${value} has no fixed shape.`);
    }
    return full as number[];
  });
}

/** y = f(convolution) becomes one operation where nobody else reads what is between. */
function foldActivations({ operations, outputs }: Graph): Operation[] {
  const readers = new Map<ValueId, number>();
  for (const value of [...operations.flatMap(({ inputs }) => inputs), ...outputs]) {
    readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  const folded: Operation[] = [];
  const maker = new Map<ValueId, number>();
  for (const operation of operations) {
    const from = operation.inputs[0]!;
    const before = folded[maker.get(from) ?? -1];
    if (
      operation.op === "activation" && operation.alpha === undefined && operation.limit === undefined &&
      (before?.op === "convolution" || before?.op === "dense") && before.activation === "linear" &&
      readers.get(from) === 1
    ) {
      const place = maker.get(from)!;
      folded[place] = { ...before, activation: operation.activation, outputs: operation.outputs };
      maker.set(operation.outputs[0]!, place);
    } else {
      maker.set(operation.outputs[0]!, folded.push(operation) - 1);
    }
  }
  return folded;
}

/** Places the values; what a reshape gives is what it is given. */
function place(
  graph: Graph,
  operations: readonly Operation[],
  shapes: Schedule["shapes"],
): Omit<Schedule, "shapes"> {
  const roots = new Map<ValueId, ValueId>();
  const rootOf = (value: ValueId) => roots.get(value) ?? value;
  const working = operations.filter(({ op, inputs, outputs }) => {
    if (op !== "reshape" && op !== "identity") return true;
    roots.set(outputs[0]!, rootOf(inputs[0]!));
    return false;
  });
  const inputs = graph.inputs.map(({ value }) => value);
  const lifetimes = new Map<ValueId, { -readonly [Key in keyof Lifetime]: Lifetime[Key] }>();
  // The inputs are kept, so that a run can be repeated.
  for (const value of inputs) {
    lifetimes.set(value, { size: sizeOf(shapes[value]!), made: -1, read: Infinity });
  }
  working.forEach((operation, time) => {
    for (const value of operation.inputs) {
      const lifetime = lifetimes.get(rootOf(value))!;
      lifetime.read = Math.max(lifetime.read, time);
    }
    const [value] = operation.outputs;
    lifetimes.set(value!, { size: sizeOf(shapes[value!]!), made: time, read: time });
  });
  for (const value of graph.outputs) lifetimes.get(rootOf(value))!.read = Infinity;
  const { offsets, length, mostAtOnce } = placeValues([...lifetimes.values()]);
  const placeOf = new Map([...lifetimes.keys()].map((value, i) => [value, offsets[i]!]));
  return {
    operations: working,
    offsets: shapes.map((_, value) => placeOf.get(rootOf(value)) ?? 0),
    length,
    mostAtOnce,
    inputs,
    outputs: graph.outputs,
  };
}
