/**
 * Packs a {@link Graph} for an exported module or a page.
 *
 * @module
 */
import { type Graph, type Operation, sizeOf, weightsOf } from "../graph/graph.ts";
import { checkGraph } from "./check_graph.ts";
import { FORMAT, type GraphJson, type PackedGraph } from "./packed_graph.ts";

/**
 * Packs a network.
 *
 * @throws {InputError} when the runtime could not run it; the operation is named.
 */
export function packGraph(graph: Graph): PackedGraph {
  checkGraph(graph);
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
