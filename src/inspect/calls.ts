/**
 * A graph as calls of layers that read each other: what a person sees of a network, one box for each layer that the file
 * has, however many operations it became.
 *
 * @module
 */
import type { Graph, Operation, Shape, ValueId } from "../graph/graph.ts";
import { unitsOf } from "../graph/units.ts";

/** One layer, or an input of the network. */
export interface Layer {
  readonly name: string;
  /** One after the other; none for an input. */
  readonly operations: readonly Operation[];
}

/** One application of a layer. */
export interface Call {
  readonly layer: Layer;
  /** Which application, from 0. */
  readonly node: number;
  readonly inputs: readonly Call[];
  /** Of what it gives. */
  readonly shape: Shape;
}

/** A network as calls, in topological order. */
export interface Calls {
  readonly calls: readonly Call[];
  readonly inputs: readonly Call[];
  readonly outputs: readonly Call[];
}

/** The calls of a graph. */
export function callsOf(graph: Graph): Calls {
  const makers = new Map<ValueId, Call>();
  const shapeOf = (value: ValueId) => graph.values[value]!.shape;
  const inputs = graph.inputs.map(({ name, value }) => {
    const call: Call = { layer: { name, operations: [] }, node: 0, inputs: [], shape: shapeOf(value) };
    makers.set(value, call);
    return call;
  });
  const calls = unitsOf(graph.operations).map(({ name, call: node, operations }) => {
    const { outputs } = operations.at(-1)!;
    const call: Call = {
      layer: { name, operations },
      node,
      inputs: operations[0]!.inputs.map((input) => makers.get(input)!),
      shape: shapeOf(outputs[0]!),
    };
    for (const output of outputs) makers.set(output, call);
    return call;
  });
  return {
    calls: [...inputs, ...calls],
    inputs,
    outputs: graph.outputs.map((output) => makers.get(output)!),
  };
}
