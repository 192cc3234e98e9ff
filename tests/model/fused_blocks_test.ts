import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { createDeployNetwork, createNetwork } from "../../src/model/network.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { modelOf } from "./artifacts.ts";
import { networkOf } from "./block_network.ts";
import { randomizeWeights } from "./weights.ts";

/** Largest difference between the forms, relative to the largest activation. */
const TOLERANCE = 1e-5;

const BLOCKS: Record<string, unknown>[] = [
  { block: "repvgg" },
  { block: "repvgg", groups: 4, groupsEvery: 1 },
  { block: "repvgg", groups: 8, groupsEvery: 1 },
  { block: "repvgg", postAdditionBn: true },
  { block: "repvgg", branches: { conv1x1: false, identity: false } },
  { block: "repvgg", squeezeExcite: true },
  { block: "mobileone", convBranches: 3 },
  { block: "mobileone", stages: [{ depth: 2, width: 16, squeezeExciteBlocks: 1 }] },
  { block: "fastvit", activation: "gelu" },
  { block: "fastvit", skipIncludeBn: false, kernelSizes: [5, 3, 3] },
  { block: "fastvit", useBnConv: true, kernelSizes: [5, 3], groups: 2, groupsEvery: 1 },
  { block: "dbb" },
  { block: "dbb", kernelSize: 5, groups: 8, groupsEvery: 1 },
  { block: "dbb", groups: 2 },
  { block: "acnet", kernelSize: 5 },
  { block: "qarepvgg" },
  { block: "qarepvgg", groups: 4, groupsEvery: 1 },
  { block: "qarepvgg", squeezeExcite: true },
  { block: "unireplknet" },
  { block: "unireplknet", kernelSize: 5, groups: 8, groupsEvery: 1 },
  { block: "unireplknet", kernelSize: 9, groups: 2, groupsEvery: 1 },
  { block: "repvit", activation: "gelu" },
];

/** Layers that hold weights, by class. */
function weightLayers(model: tf.LayersModel): string[] {
  return model.layers.filter((layer) => layer.getWeights().length > 0).map((layer) => layer.getClassName());
}

function difference(model: tf.LayersModel, other: tf.LayersModel, images: tf.Tensor): number {
  return tf.tidy(() => {
    const [expected, actual] = [model, other].map((form) => form.predict(images) as tf.Tensor);
    return tf.div(tf.sub(actual!, expected!).abs().max(), expected!.abs().max()).dataSync()[0]!;
  });
}

for (const block of BLOCKS) {
  Deno.test(`fuse() turns every block into one convolution for ${JSON.stringify(block)}`, async () => {
    await tf.setBackend("cpu");
    for (const [size, padding] of [[11, "same"], [12, "same"], [11, "explicit"], [12, "explicit"]] as const) {
      const config = networkOf(block, size, padding);
      const model = randomizeWeights(createNetwork(config, { seed: 1 }));
      const fused = await modelOf(fuse(await artifactsOf(model)).artifacts);
      assert.deepEqual(weightLayers(fused), weightLayers(createDeployNetwork(config, { seed: null })));
      const images = tf.randomNormal([2, size, size + 1, 3], 0, 1, "float32", 1);
      const most = difference(model, fused, images);
      assert.ok(most <= TOLERANCE, `${padding} padding at ${size} pixels differs by ${most} of the scale`);
    }
  });
}

Deno.test("createNetwork() in its plain form fuses to the deploy form of every block", async () => {
  await tf.setBackend("cpu");
  for (const block of BLOCKS) {
    const config = networkOf(block, 11, "same");
    const plain = randomizeWeights(createNetwork(config, { seed: 1, form: "plain" }));
    const deploy = createDeployNetwork(config, { seed: null });
    const convolutions = (model: tf.LayersModel) =>
      model.layers.filter((layer) => layer.getClassName().includes("Conv")).length;
    assert.equal(convolutions(plain), convolutions(deploy), JSON.stringify(block));
    const fused = await modelOf(fuse(await artifactsOf(plain)).artifacts);
    assert.deepEqual(weightLayers(fused), weightLayers(deploy), JSON.stringify(block));
    assert.equal(fused.countParams(), deploy.countParams(), JSON.stringify(block));
  }
});
