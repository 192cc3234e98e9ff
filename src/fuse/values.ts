/**
 * The graph broken into steps: the values that lie between them, who makes each and how many read it. A convolution that
 * carries an activation is two steps of one operation with a value between, a layer that became two operations likewise.
 *
 * @module
 */
import type { Graph, Operation, Shape, ValueId } from "../graph/graph.ts";
import { type Unit, unitsOf } from "../graph/units.ts";
import type { Laws } from "./laws.ts";
import { type Step, stepsOf } from "./maps.ts";

/** One step of one operation. */
export interface Op {
  readonly step: Step;
  readonly operation: Operation;
  /** The layer that the operation stands in. */
  readonly unit: Unit;
  readonly inputs: readonly Value[];
  /** Of what it gives. */
  readonly shape: Shape;
}

/** What a step gives, or an input of the network. */
export interface Value {
  /** Nothing for an input of the network. */
  readonly op: Op | undefined;
  /** The layer that it comes from. */
  readonly unit: Pick<Unit, "name" | "call">;
  /** Which output of the operation, or which input of the network. */
  readonly index: number;
  readonly shape: Shape;
  /** Which value of the graph it is; nothing for what lies between two steps of one layer. */
  readonly id: ValueId | undefined;
  /** How many inputs of steps it feeds. */
  readers: number;
  /** Whether the network gives it out, so that it must be made in any case. */
  isOutput: boolean;
}

/** The steps of a network. */
export interface StepGraph {
  /** In topological order. */
  readonly values: readonly Value[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/**
 * Breaks the graph into steps. What no output needs is left out. A step that only copies or pads costs nothing to do
 * twice, so each of its readers gets one of its own, and it never keeps branches from meeting again.
 *
 * @throws {InputError} when weights are broken.
 */
export function splitIntoSteps(graph: Graph, laws: Laws): StepGraph {
  const values: Value[] = [];
  const made = new Map<ValueId, Value>();
  const makers = new Map<ValueId, { op: Op; index: number }>();
  const copies = new Map<ValueId, { step: Step; operation: Operation; unit: Unit }>();
  const needed = neededValues(graph);

  const inputs = graph.inputs.map(({ name, value, origin }, index) => {
    const unit = { name: origin?.name ?? name, call: 0 };
    const input = make(undefined, unit, index, graph.values[value]!.shape, value);
    made.set(value, input);
    return input;
  });
  for (const unit of unitsOf(graph.operations)) {
    if (!unit.operations.at(-1)!.outputs.some((output) => needed.has(output))) continue;
    addUnit(unit);
  }
  const outputs = graph.outputs.map(read);
  for (const output of outputs) output.isOutput = true;
  return { values, inputs, outputs };

  function addUnit(unit: Unit): void {
    const steps = unit.operations.flatMap((operation) =>
      stepsOf(operation, graph, laws).map((step) => ({ step, operation }))
    );
    const [first] = steps as [typeof steps[number]];
    if (steps.length === 1 && first.step.kind === "affine" && first.step.map.copies) {
      copies.set(first.operation.outputs[0]!, { ...first, unit });
      return;
    }
    let op = take(first.step, first.operation, unit, first.operation.inputs.map(read));
    for (const { step, operation } of steps.slice(1)) {
      op = take(step, operation, unit, [make(op, unit, 0, op.shape)]);
    }
    unit.operations.at(-1)!.outputs.forEach((output, index) => makers.set(output, { op, index }));
  }

  /** The value that a reader reads. */
  function read(id: ValueId): Value {
    const { shape } = graph.values[id]!;
    const copy = copies.get(id);
    if (copy !== undefined) {
      const { step, operation, unit } = copy;
      return make(take(step, operation, unit, operation.inputs.map(read)), unit, 0, shape, id);
    }
    const known = made.get(id);
    if (known !== undefined) return known;
    const { op, index } = makers.get(id)!;
    const value = make(op, op.unit, index, shape, id);
    made.set(id, value);
    return value;
  }

  function take(step: Step, operation: Operation, unit: Unit, inputs: readonly Value[]): Op {
    for (const input of inputs) input.readers++;
    return { step, operation, unit, inputs, shape: graph.values[operation.outputs[0]!]!.shape };
  }

  function make(
    op: Op | undefined,
    unit: Value["unit"],
    index: number,
    shape: Shape,
    id?: ValueId,
  ): Value {
    const value: Value = { op, unit, index, shape, id, readers: 0, isOutput: false };
    values.push(value);
    return value;
  }
}

/** The values that lead to an output. */
function neededValues(graph: Graph): ReadonlySet<ValueId> {
  const needed = new Set(graph.outputs);
  for (const { inputs, outputs } of graph.operations.toReversed()) {
    if (outputs.some((output) => needed.has(output))) inputs.forEach((input) => needed.add(input));
  }
  return needed;
}

/** Whether the value must be computed, whatever becomes of one of its readers. */
export function isShared({ readers, isOutput }: Value): boolean {
  return readers > 1 || isOutput;
}
