/**
 * The graph broken into steps: the values that lie between them, who makes each and how many read it. A convolution
 * with a built-in activation is two steps of one call with a value between.
 *
 * @module
 */
import type { Call, Graph, Shape, Tensor } from "./graph.ts";
import type { Laws } from "./laws.ts";
import { type Step, stepsOf } from "./layers.ts";
import type { WeightStore } from "./weights.ts";

/** One step of one call. */
export interface Op {
  readonly step: Step;
  readonly call: Call;
  readonly inputs: readonly Value[];
}

/** What a step gives, or an input of the network. */
export interface Value {
  /** Nothing for an input of the network. */
  readonly op: Op | undefined;
  /** The call that it comes from. */
  readonly call: Call;
  /** Which output of the call. */
  readonly index: number;
  readonly shape: Shape;
  /** Whether it lies between two steps of one call. */
  readonly isInner: boolean;
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
 * @throws {InputError} when a layer's configuration or weights are broken.
 */
export function splitIntoSteps(graph: Graph, laws: Laws, weights: WeightStore): StepGraph {
  const values: Value[] = [];
  const made = new Map<Tensor, Value>();
  const lastOps = new Map<Call, Op>();
  const copies = new Map<Call, Step>();
  const needed = neededCalls(graph);

  const inputs = graph.inputs.map(read);
  for (const call of graph.calls) {
    if (!needed.has(call) || call.inputs.length === 0) continue;
    const steps = stepsOf(call, laws, weights);
    const first = steps[0]!;
    if (first.kind === "affine" && first.map.copies) {
      copies.set(call, first);
      continue;
    }
    let op = takeStep(first, call, call.inputs.map(read));
    for (const step of steps.slice(1)) {
      op = takeStep(step, call, [make(op, { call, index: 0, shape: call.shape }, true)]);
    }
    lastOps.set(call, op);
  }
  const outputs = graph.outputs.map(read);
  for (const output of outputs) output.isOutput = true;
  return { values, inputs, outputs };

  /** The value that a reader of the tensor reads. */
  function read(tensor: Tensor): Value {
    const copy = copies.get(tensor.call);
    if (copy !== undefined) return make(takeStep(copy, tensor.call, tensor.call.inputs.map(read)), tensor);
    const known = made.get(tensor);
    if (known !== undefined) return known;
    const value = make(lastOps.get(tensor.call), tensor);
    made.set(tensor, value);
    return value;
  }

  function make(op: Op | undefined, { call, index, shape }: Tensor, isInner = false): Value {
    const value: Value = { op, call, index, shape, isInner, readers: 0, isOutput: false };
    values.push(value);
    return value;
  }
}

function takeStep(step: Step, call: Call, inputs: readonly Value[]): Op {
  for (const input of inputs) input.readers++;
  return { step, call, inputs };
}

function neededCalls(graph: Graph): ReadonlySet<Call> {
  const needed = new Set<Call>();
  const waiting = graph.outputs.map((output) => output.call);
  for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) {
    if (needed.has(call)) continue;
    needed.add(call);
    waiting.push(...call.inputs.map((input) => input.call));
  }
  return needed;
}
