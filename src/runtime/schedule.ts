/**
 * A {@link Graph} with its batch size chosen: shapes in full, every operation checked, activations folded into the
 * operation before them, and the place of every value in one arena.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Graph, Operation, ValueId } from "../graph/graph.ts";
import { sizeOf } from "../graph/graph.ts";
import { checkOperation } from "./check_operation.ts";
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
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
}

/**
 * Plans a network.
 *
 * @param batch Images at once.
 * @throws {InputError} when it has an opaque operation, one that does not fit its neighbours, or a length that is not
 *   fixed; it is named.
 */
export function schedule(graph: Graph, batch: number): Schedule {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new InputError(
      `Cannot run a network on ${batch} images at once: expected a whole number of at least 1`,
    );
  }
  const shapes = graph.values.map(({ shape, dtype }, value) => {
    const full = shape?.map((length, axis) => axis === 0 ? length ?? batch : length);
    if (full === undefined || full.some((length) => length === null)) {
      throw new InputError(`Cannot run the network: ${describeValue(graph, value)} has no fixed shape.`);
    }
    if (dtype !== "float32") {
      throw new InputError(
        `Cannot run the network: ${describeValue(graph, value)} is ${dtype}, not float32.`,
      );
    }
    return full as number[];
  });
  checkOrder(graph);
  for (const operation of graph.operations) {
    const shapeOf = (value: ValueId) => shapes[value]!;
    checkOperation(operation, operation.inputs.map(shapeOf), shapeOf(operation.outputs[0]!));
  }
  const operations = foldActivations(graph);
  return { shapes, ...place(graph, operations, shapes) };
}

function describeValue({ inputs, operations }: Graph, value: ValueId): string {
  const maker = operations.find(({ outputs }) => outputs.includes(value))?.name ??
    inputs.find((input) => input.value === value)?.name;
  return maker === undefined ? `value ${value}` : `what "${maker}" gives`;
}

/** That every value is made once, and before it is read. */
function checkOrder({ values, inputs, outputs, operations }: Graph): void {
  const made = new Set<ValueId>();
  const make = (value: ValueId, name: string) => {
    if (values[value] === undefined || made.has(value)) {
      throw new InputError(
        `Cannot run the network: "${name}" makes the value ${value}, which is not its to make.`,
      );
    }
    made.add(value);
  };
  for (const { name, value } of inputs) make(value, name);
  for (const { name, inputs: read, outputs: written } of operations) {
    const missing = read.find((value) => !made.has(value));
    if (missing !== undefined) {
      throw new InputError(
        `Cannot run the network: "${name}" reads the value ${missing}, which nothing has made.`,
      );
    }
    for (const value of written) make(value, name);
  }
  const missing = outputs.find((value) => !made.has(value));
  if (missing !== undefined) {
    throw new InputError(`Cannot run the network: nothing makes its output ${missing}.`);
  }
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
  const { offsets, length } = placeValues([...lifetimes.values()]);
  const placeOf = new Map([...lifetimes.keys()].map((value, i) => [value, offsets[i]!]));
  return {
    operations: working,
    offsets: shapes.map((_, value) => placeOf.get(rootOf(value)) ?? 0),
    length,
    inputs,
    outputs: graph.outputs,
  };
}
