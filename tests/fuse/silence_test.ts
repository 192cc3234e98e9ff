/**
 * Nothing stays unmerged without a word: every BatchNorm, addition and mean that is left, and every pair of linear layers one
 * behind the other, is named in a refusal.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { fuseGraph } from "../../src/fuse/fuse.ts";
import type { Graph, Operation } from "../../src/graph/graph.ts";
import { anyRecipe, buildRecipe } from "./arbitrary_graphs.ts";
import { toArtifacts } from "./artifacts.ts";
import { randomizeWeights } from "./random_weights.ts";

const LINEAR: ReadonlySet<Operation["op"]> = new Set([
  "convolution",
  "convolutionTranspose",
  "dense",
  "batchNorm",
  "scale",
]);

const LEFT: ReadonlySet<Operation["op"]> = new Set(["batchNorm", "add", "average"]);

/** What stays of the network and no refusal names. */
function silentIn(source: Graph): string[] {
  const { graph, report } = fuseGraph(source);
  const named = new Set(report.refusals.flatMap(({ layer, partners }) => [layer, ...partners]));
  const regions = new Map(report.regions.map(({ name, layers }) => [name, layers]));
  const layersOf = ({ name, origin }: Operation) =>
    regions.get(name) ?? [origin?.name ?? name.replace(/\/(sum|join)(_\d+)?$/, "")];
  const isNamed = (operation: Operation) => layersOf(operation).some((layer) => named.has(layer));
  const makers = new Map(
    graph.operations.flatMap((operation) => operation.outputs.map((v) => [v, operation])),
  );
  const isLinear = (operation: Operation | undefined): operation is Operation =>
    operation !== undefined && LINEAR.has(operation.op) &&
    !("activation" in operation && operation.activation !== "linear");
  return graph.operations.flatMap((operation) => {
    if (LEFT.has(operation.op)) return isNamed(operation) ? [] : [`${operation.op} ${operation.name}`];
    if (!LINEAR.has(operation.op)) return [];
    const before = makers.get(operation.inputs[0]!);
    const isOneLayer = before?.origin !== undefined && before.origin === operation.origin;
    return !isLinear(before) || isOneLayer || isNamed(before) || isNamed(operation)
      ? []
      : [`${before.name} and ${operation.name}`];
  });
}

Deno.test("fuseGraph() has a reason for everything that stays", async () => {
  await fc.assert(
    fc.asyncProperty(anyRecipe(8), async (recipe) => {
      const model = buildRecipe(recipe);
      const artifacts = randomizeWeights(await toArtifacts(model), recipe.seed);
      model.dispose();
      assert.deepEqual(silentIn(readLayersModel(artifacts)), []);
    }),
    { numRuns: 500 },
  );
});
