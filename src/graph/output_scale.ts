/**
 * What the numbers of an output are measured by. Where a sigmoid saturates, its largest value may be 1e-6, and a runtime that
 * approximates it to 1e-7 of 1, as onnxruntime does, seems wrong by a tenth: its scale is 1 whatever it gives.
 *
 * @module
 */
import type { Graph, ValueId } from "./graph.ts";

/** Activations whose values lie in 0..1 and are computed to a share of 1. */
const OF_ONE: ReadonlySet<string> = new Set(["sigmoid", "hard_sigmoid"]);

/** The least scale that differences of the outputs are shares of; 0 where it is that of the outputs alone. */
export function leastOutputScale(graph: Graph): number {
  return graph.outputs.length > 0
    ? Math.min(...graph.outputs.map((output) => leastScaleOf(graph, output)))
    : 0;
}

/** The least scale that differences of a value are shares of; 0 where it is that of the value alone. */
export function leastScaleOf(graph: Graph, value: ValueId): number {
  return isOfOne(graph, value) ? 1 : 0;
}

function isOfOne(graph: Graph, value: ValueId): boolean {
  const operation = graph.operations.find(({ outputs }) => outputs.includes(value));
  if (operation === undefined) return false;
  if (operation.op === "identity" || operation.op === "reshape") return isOfOne(graph, operation.inputs[0]!);
  return "activation" in operation && OF_ONE.has(operation.activation);
}
