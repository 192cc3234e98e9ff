import assert from "node:assert/strict";
import fc from "fast-check";
import * as tf from "@tensorflow/tfjs";
import { renderNetwork } from "../../src/charts/network_chart.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { callsOf } from "../../src/inspect/calls.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { inspect } from "../../src/inspect/inspect.ts";
import { readSvg } from "../charts/read_svg.ts";
import { anyRecipe, buildRecipe } from "../fuse/arbitrary_graphs.ts";
import { toArtifacts } from "../fuse/artifacts.ts";
import { randomizeWeights } from "../fuse/random_weights.ts";
import { foreignNetwork, networkOf } from "./networks.ts";

const RANDOM_NETWORKS = 60;

Deno.test("inspect() says what every block merges and what it becomes", async () => {
  const cases = {
    repvgg: ["(3x3 BN + 1x1 BN + BN) ReLU", "3x3 ReLU"],
    fastvit: ["(7x7 BN + 3x3 BN + BN) ReLU", "7x7 ReLU"],
    dbb: ["(3x3 BN + 1x1 BN + (id + 1x1) BN 3x3 BN + 1x1 BN avg 3x3 BN) ReLU", "3x3 ReLU"],
    acnet: ["(3x3 BN + 1x3 BN + 3x1 BN) ReLU", "3x3 ReLU"],
  } as const;
  for (const [block, [expression, becomes]] of Object.entries(cases)) {
    const { regions, refusals } = inspect(await networkOf(block as keyof typeof cases));
    const region = regions.find(({ name }) => name === "stage1/block2")!;
    const terms = (text: string) => text.replace(/[()]| ReLU$/g, "").split(" + ").sort();
    assert.deepEqual(terms(region.expression), terms(expression), block);
    assert.equal(region.becomes, becomes);
    assert.deepEqual(refusals, []);
  }
});

Deno.test("inspect() adds up: what the regions save and the removed layers are what the network saves", async () => {
  for (const artifacts of [await networkOf("repvgg"), await networkOf("mobileone"), await foreignNetwork()]) {
    const { regions, removed, before, after } = inspect(artifacts);
    const saved = (
      read: (region: typeof regions[number]) => { before: number | null; after: number | null },
    ) => regions.map(read).reduce((sum, { before, after }) => sum + before! - after!, 0);
    assert.equal(saved(({ layers }) => layers) + removed.length, before.layers - after.layers);
    assert.equal(saved(({ parameters }) => parameters), before.parameters - after.parameters);
    assert.equal(
      saved(({ macs }) => macs),
      before.macs! - after.macs!,
    );
  }
});

Deno.test("inspect() names the law, the layer and the remedy when a merge is refused", async () => {
  const { refusals, kept } = inspect(await foreignNetwork());
  const found = refusals.map(({ layer, law }) => `${layer} ${law}`);
  assert.ok(found.includes("stem_again compose"), `${found}`);
  assert.ok(found.includes("after_bn compose"), `${found}`);
  assert.ok(found.some((refusal) => refusal.startsWith("block_add ")), `${found}`);
  for (const { advice, reason } of refusals) assert.ok(advice.length > 0 && reason.length > 0);
  assert.ok(["bn_before", "block_add", "pool", "logits"].every((layer) => kept.includes(layer)));
});

Deno.test("inspect() puts every layer of both forms into a band, for random networks", async () => {
  await tf.setBackend("cpu");
  await fc.assert(
    fc.asyncProperty(anyRecipe(8), async (recipe) => {
      const model = buildRecipe(recipe);
      const artifacts = randomizeWeights(await toArtifacts(model), recipe.seed);
      model.dispose();
      const graph = readLayersModel(artifacts);
      const inspection = inspect(artifacts);
      const { bands } = inspection;
      const trained = bands.flatMap(({ training }) => training.map(({ layer }) => layer));
      const fused = bands.flatMap(({ fused }) => fused.map(({ layer }) => layer));
      assert.deepEqual(new Set(trained), neededLayers(graph));
      const file = fuse(artifacts);
      assert.deepEqual(new Set(fused), neededLayers(readLayersModel(file.artifacts)));
      assert.equal(inspection.after.layers, layersInFile(file.artifacts));
      assert.equal(file.report.after.layers, layersInFile(file.artifacts));
      bands.forEach(({ sources, training }, i) => {
        assert.ok(sources.every((source) => source < i), "a band reads one that comes later");
        assert.equal(sources.length > 0, training.some(({ readsOutside }) => readsOutside));
      });
      readSvg(renderNetwork(inspection, "random"));
    }),
    { numRuns: RANDOM_NETWORKS },
  );
});

Deno.test("inspect(), the report and the file count a padding that TensorFlow.js needs as a layer", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.zeroPadding2d({ padding: [[1, 1], [1, 1]], inputShape: [8, 8, 3] }),
      tf.layers.conv2d({ name: "conv", filters: 4, kernelSize: 3, strides: 2 }),
      tf.layers.batchNormalization({ name: "bn" }),
    ],
  });
  const { artifacts, report } = fuse(await toArtifacts(model));
  const { regions, after } = inspect(await toArtifacts(model));
  assert.equal(layersInFile(artifacts), 2);
  assert.deepEqual([report.after.layers, after.layers], [2, 2]);
  assert.deepEqual(regions.map(({ becomes, layers }) => [becomes, layers]), [
    ["pad 1,0 3x3/2", { before: 3, after: 2 }],
  ]);
});

/** Layers without the inputs, as `model.json` lists them. */
function layersInFile({ modelTopology }: tf.io.ModelArtifacts): number {
  const { config } = modelTopology as { config: { layers: { class_name: string }[] } };
  return config.layers.filter(({ class_name }) => class_name !== "InputLayer").length;
}

/** The layers that lead to an output, and the inputs. */
function neededLayers(network: Graph): Set<string> {
  const graph = callsOf(network);
  const found = new Set<string>();
  const waiting = [...graph.outputs, ...graph.inputs];
  for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) {
    if (found.has(call.layer.name) && call.inputs.length === 0) continue;
    found.add(call.layer.name);
    waiting.push(...call.inputs);
  }
  return found;
}
