/**
 * Structural re-parameterization of any network: every affine stretch between two non-linearities becomes one
 * convolution, wherever that is exact and costs no more. A pure function from Graph to Graph.
 *
 * The steps of the operations (`values.ts`, `maps.ts`), the ways to each value (`plans.ts`), the graph that the cheapest
 * ones make (`rebuild.ts`), and why the others were not taken (`refusals.ts`).
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { costOf } from "../graph/cost.ts";
import { type Graph, type GraphInput, weightsOf } from "../graph/graph.ts";
import type { Weight } from "../graph/weights.ts";
import { LAWS, type Laws } from "./laws.ts";
import { Plans } from "./plans.ts";
import { Rebuilder } from "./rebuild.ts";
import { refusedMerges } from "./refusals.ts";
import type { FusionReport } from "./report.ts";
import { splitIntoSteps } from "./values.ts";

/** A fused network and what was done to make it. */
export interface FusedGraph {
  readonly graph: Graph;
  /** What merged, what did not and why, and what it saves. */
  readonly report: FusionReport;
}

/**
 * Fuses a network. The graph that is given stays as it is.
 *
 * Arithmetic is float64 and rounded once to float32. Operations that take no part stay as they are, and so do their
 * weights. A merge that is not exact, or that would take more MACs, is not done, and the report says why.
 *
 * @throws {InputError} when a weight is not finite, or a variance negative.
 */
export function fuseGraph(graph: Graph): FusedGraph {
  return fuseUnder(LAWS, graph);
}

/** {@link fuseGraph} under given laws: how the tests plant a fault in one of them. */
export function fuseUnder(laws: Laws, graph: Graph): FusedGraph {
  requireFinite(graph);
  const steps = splitIntoSteps(graph, laws);
  const plans = new Plans(steps, laws);
  const builder = new GraphBuilder(
    graph.operations.flatMap(({ name, origin }) => [name, origin?.name ?? name]),
  );
  const rebuilder = new Rebuilder(plans, graph.values, builder);
  const inputs = graph.inputs.map((input, i): GraphInput => ({
    ...input,
    value: rebuilder.input(steps.inputs[i]!, graph.values[input.value]!.dtype),
  }));
  const outputs = steps.outputs.map((output) => rebuilder.write(output));
  const fused: Graph = {
    ...graph,
    values: builder.values,
    inputs,
    outputs,
    operations: builder.operations,
    weights: weightsAfter(graph, builder, rebuilder.weights),
  };
  return {
    graph: fused,
    report: {
      regions: rebuilder.regions,
      refusals: refusedMerges(plans, steps, (value) => rebuilder.isComputed(value)),
      before: costOf(graph),
      after: costOf(fused),
    },
  };
}

/** The new weights, then those that were there, without those that only merged operations had. */
function weightsAfter(
  graph: Graph,
  { operations }: GraphBuilder,
  made: ReadonlyMap<string, Weight>,
): ReadonlyMap<string, Weight> {
  const gone = new Set(graph.operations.flatMap(weightsOf).map(({ name }) => name));
  for (const { name } of operations.flatMap(weightsOf)) gone.delete(name);
  return new Map([...made, ...[...graph.weights].filter(([name]) => !gone.has(name))]);
}

function requireFinite({ weights }: Graph): void {
  for (const [name, weight] of weights) {
    if (weight.storage !== "float32") continue;
    const values = weight.read();
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) continue;
      throw new InputError(
        `Cannot fuse: weight "${name}" holds ${values[i]} at position ${i}, expected finite numbers.`,
        "The training run diverged; fuse an earlier checkpoint.",
      );
    }
  }
}
