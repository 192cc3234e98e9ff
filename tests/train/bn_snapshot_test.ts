import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../src/errors.ts";
import { randomizeBatchNorm } from "../fuse/randomize_batch_norm.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { createNetwork } from "../../src/model/network.ts";
import { bnSnapshotOf } from "../../src/train/bn_snapshot.ts";
import { recalibrate } from "../../src/train/recalibrate.ts";
import { TINY_NETWORK } from "./tiny.ts";

await startBackend();

const bnLayers = (model: tf.LayersModel) =>
  model.layers.filter((layer) => layer.getClassName() === "BatchNormalization");

Deno.test("bnSnapshotOf() lists every BatchNorm with its values when a network has them", async () => {
  const model = createNetwork(TINY_NETWORK, { seed: 1 });
  const layer = model.getLayer("stage1/block2/identity_bn");
  layer.setWeights(
    [[1, 2], [3, 4], [5, 6], [7, 8]].map(([a, b]) => tf.tensor1d([a!, b!, a!, b!, a!, b!, a!, b!])),
  );
  const snapshot = await bnSnapshotOf(await artifactsOf(model));
  assert.deepEqual(snapshot.layers.map((bn) => bn.layer), bnLayers(model).map((bn) => bn.name));
  const bn = snapshot.layers.find((entry) => entry.layer === layer.name)!;
  assert.equal(bn.epsilon, 1e-5);
  assert.deepEqual(
    [bn.gamma, bn.beta, bn.runningMean, bn.runningVariance].map((values) => values.slice(0, 2)),
    [[1, 2], [3, 4], [5, 6], [7, 8]],
  );
});

Deno.test("bnSnapshotOf() gives the hash that earlier runs have on disk when the network is theirs", async () => {
  const artifacts = randomizeBatchNorm(await artifactsOf(createNetwork(TINY_NETWORK, { seed: 1 })), 1);
  const { hash } = await bnSnapshotOf(artifacts);
  assert.equal(hash, "b012f4312edb70ce9475f8481fa6cc92ce094733d1eeddf69eff02dca4c9099a");
});

Deno.test("bnSnapshotOf() lists a layer once when it is shared, or nested", async () => {
  const epsilon = 1e-4;
  const shared = tf.layers.batchNormalization({ name: "shared", epsilon });
  const inner = tf.sequential({
    name: "inner",
    layers: [tf.layers.batchNormalization({ name: "nested", inputShape: [2, 2, 3], scale: false })],
  });
  const input = tf.input({ shape: [2, 2, 3] });
  const once = shared.apply(input) as tf.SymbolicTensor;
  const outputs = inner.apply(shared.apply(once)) as tf.SymbolicTensor;
  const { layers } = await bnSnapshotOf(await artifactsOf(tf.model({ inputs: input, outputs })));
  assert.deepEqual(
    layers.map(({ layer, epsilon, gamma }) => [layer, epsilon, gamma]),
    [["shared", epsilon, [1, 1, 1]], ["nested", 1e-3, [1, 1, 1]]],
  );
});

Deno.test("bnSnapshotOf() changes its hash when one value changes", async () => {
  const model = createNetwork(TINY_NETWORK, { seed: 1 });
  const before = await bnSnapshotOf(await artifactsOf(model));
  assert.equal((await bnSnapshotOf(await artifactsOf(model))).hash, before.hash);
  const layer = bnLayers(model)[1]!;
  const weights = layer.getWeights();
  layer.setWeights([...weights.slice(0, 3), weights[3]!.mul(1.0001)]);
  assert.notEqual((await bnSnapshotOf(await artifactsOf(model))).hash, before.hash);
});

Deno.test("bnSnapshotOf() refuses when a variance is negative or a value is not finite", async () => {
  const model = createNetwork(TINY_NETWORK, { seed: 1 });
  const layer = bnLayers(model)[0]!;
  const weights = layer.getWeights();
  for (const bad of [-1, NaN]) {
    layer.setWeights([...weights.slice(0, 3), tf.fill(weights[3]!.shape, bad)]);
    await assert.rejects(
      bnSnapshotOf(await artifactsOf(model)),
      (error) => error instanceof InputError && error.message.includes(`runningVariance[0] is ${bad}`),
    );
  }
});

Deno.test("recalibrate() leaves exact means of the batch statistics when it saw several batches", () => {
  const input = tf.input({ shape: [2, 2, 1] });
  const layer = tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 });
  const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
  const batches = [[1, 2, 3, 6], [0, 0, 4, 4], [-2, 2, 2, 2]];
  recalibrate(model, batches.map((values) => tf.tensor4d(values, [1, 2, 2, 1])));
  const statistics = batches.map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
  });
  const [, , mean, variance] = layer.getWeights().map((weight) => weight.dataSync()[0]!);
  const average = (key: "mean" | "variance") => statistics.reduce((sum, entry) => sum + entry[key], 0) / 3;
  assert.ok(Math.abs(mean! - average("mean")) < 1e-6, `${mean}`);
  assert.ok(Math.abs(variance! - average("variance")) < 1e-6, `${variance}`);
  assert.equal((layer as unknown as { momentum: number }).momentum, 0.9);
});
