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
 * Breaks the graph into steps. What no output needs is left out.
 *
 * @throws {InputError} when a layer's configuration or weights are broken.
 */
export function splitIntoSteps(graph: Graph, laws: Laws, weights: WeightStore): StepGraph {
  const values: Value[] = [];
  const ofTensor = new Map<Tensor, Value>();
  const ofCall = new Map<Call, Op>();
  const make = (op: Op | undefined, { call, index, shape }: Tensor): Value => {
    const value: Value = { op, call, index, shape, readers: 0, isOutput: false };
    values.push(value);
    return value;
  };
  const needed = neededCalls(graph);
  const valueOf = (tensor: Tensor): Value => {
    const known = ofTensor.get(tensor);
    if (known !== undefined) return known;
    const value = make(ofCall.get(tensor.call), tensor);
    ofTensor.set(tensor, value);
    return value;
  };
  for (const input of graph.inputs) valueOf(input);
  for (const call of graph.calls) {
    if (!needed.has(call) || call.inputs.length === 0) continue;
    let inputs = call.inputs.map(valueOf);
    const steps = stepsOf(call, laws, weights);
    steps.forEach((step, i) => {
      const op: Op = { step, call, inputs };
      for (const input of inputs) input.readers++;
      if (i < steps.length - 1) inputs = [make(op, { call, index: 0, shape: call.shape })];
      else ofCall.set(call, op);
    });
  }
  const outputs = graph.outputs.map(valueOf);
  for (const output of outputs) output.isOutput = true;
  return { values, inputs: graph.inputs.map(valueOf), outputs };
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
