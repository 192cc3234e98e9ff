/**
 * Structural re-parameterization of any network: every affine stretch between two non-linearities becomes one
 * convolution, wherever that is exact and costs no more. A pure function from Graph to Graph.
 *
 * Four stages, each a pure function of what the ones before give: the steps of the operations (`values.ts`, `maps.ts`), the
 * ways to each value (`plans.ts`), the choice among them and why merges were not taken (`choice.ts`, `refusals.ts`), and the
 * graph that it makes (`rewrite.ts`).
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { costOf } from "../graph/cost.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { choose } from "./choice.ts";
import { LAWS, type Laws } from "./laws.ts";
import { plansOf } from "./plans.ts";
import type { FusionReport } from "./report.ts";
import { rewrite } from "./rewrite.ts";
import { splitIntoSteps } from "./values.ts";

/** A fused network and what was done to make it. */
export interface FusedGraph {
  /** The network as it was. */
  readonly source: Graph;
  /** The network in its deploy form. */
  readonly graph: Graph;
  /** For values of `graph`, the value of `source` that is the same. */
  readonly counterparts: ReadonlyMap<ValueId, ValueId>;
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
  const choice = choose(steps, plansOf(steps, laws, graph.target), graph.target);
  const { graph: fused, regions, counterparts } = rewrite(graph, steps, choice);
  return {
    source: graph,
    graph: fused,
    counterparts,
    report: { regions, refusals: choice.refusals, before: costOf(graph), after: costOf(fused) },
  };
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
