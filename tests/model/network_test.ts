import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { BN_EPSILON, BN_MOMENTUM } from "../../src/model/batch_norm.ts";
import { type NetworkConfig, parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { presetConfig } from "../../src/model/presets.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { modelOf } from "./artifacts.ts";

/** A RepVGG network of three blocks on 9x8 images. */
function small(changes: Record<string, unknown> = {}): NetworkConfig {
  return parseNetworkConfig({
    block: "repvgg",
    inputSize: [9, 8, 3],
    classCount: 5,
    stem: { width: 4, stride: 1 },
    stages: [{ depth: 2, width: 6 }],
    ...changes,
  });
}

const SMALL = small();

/** Outputs of the model on a fixed input of its own size. */
function outputs(model: tf.LayersModel): Float32Array {
  return tf.tidy(() => {
    const shape = [2, ...model.inputs[0]!.shape.slice(1).map(Number)];
    return (model.predict(tf.randomNormal(shape, 0, 1, "float32", 1)) as tf.Tensor)
      .dataSync() as Float32Array;
  });
}

Deno.test("createNetwork() names its layers after their place", () => {
  const names = createNetwork(SMALL, { seed: 1 }).layers.map((layer) => layer.name);
  for (const block of ["stage0/block1", "stage1/block1", "stage1/block2"]) {
    for (const part of ["conv3x3", "conv3x3_bn", "conv1x1", "conv1x1_bn", "add", "relu"]) {
      assert.ok(names.includes(`${block}/${part}`), `${block}/${part}`);
    }
  }
  const identities = names.filter((name) => name.endsWith("identity_bn"));
  assert.deepEqual(identities, ["stage1/block2/identity_bn"]);
  assert.deepEqual(names.slice(-2), ["head/pool", "head/dense"]);
});

Deno.test("createNetwork() halves the image at each stride and ends in logits", () => {
  const model = createNetwork(SMALL, { seed: 1 });
  assert.deepEqual(model.getLayer("stage0/block1/relu").outputShape, [null, 9, 8, 4]);
  assert.deepEqual(model.getLayer("stage1/block2/relu").outputShape, [null, 5, 4, 6]);
  assert.deepEqual(model.outputs[0]!.shape, [null, 5]);
});

Deno.test("createNetwork() has the same shapes under explicit padding", () => {
  const model = createNetwork(small({ padding: "explicit" }), { seed: 1 });
  assert.deepEqual(model.getLayer("stage1/block2/relu").outputShape, [null, 5, 4, 6]);
  assert.equal(model.countParams(), createNetwork(SMALL, { seed: 1 }).countParams());
});

Deno.test("createNetwork() gives every BatchNorm the eps and momentum of PyTorch", () => {
  const norms = createNetwork(SMALL, { seed: 1 }).layers
    .filter((layer) => layer.getClassName() === "BatchNormalization")
    .map((layer) => layer.getConfig());
  assert.equal(norms.length, 7);
  for (const config of norms) {
    assert.equal(config["epsilon"], BN_EPSILON);
    assert.equal(config["momentum"], BN_MOMENTUM);
  }
  assert.equal(BN_EPSILON, 1e-5);
  assert.equal(BN_MOMENTUM, 0.9);
});

Deno.test("createNetwork() is a plain network when both branches are off", () => {
  const plain = createNetwork(small({ branches: { conv1x1: false, identity: false } }), { seed: 1 });
  const classes = new Set(plain.layers.map((layer) => layer.getClassName()));
  assert.deepEqual(
    [...classes],
    ["InputLayer", "Conv2D", "BatchNormalization", "ReLU", "GlobalAveragePooling2D", "Dense"],
  );
});

Deno.test("createNetwork() gives the same weights to the same seed, and others to another", () => {
  assert.deepEqual(outputs(createNetwork(SMALL, { seed: 7 })), outputs(createNetwork(SMALL, { seed: 7 })));
  assert.notDeepEqual(outputs(createNetwork(SMALL, { seed: 7 })), outputs(createNetwork(SMALL, { seed: 8 })));
});

Deno.test("createNetwork() gives no two layers the same weights", () => {
  const kernels = createNetwork(presetConfig("tiny"), { seed: 1 }).weights
    .filter((weight) => weight.name.endsWith("conv3x3/kernel"))
    .map((weight) => weight.read().dataSync()[0]);
  assert.equal(new Set(kernels).size, kernels.length);
});

Deno.test("createNetwork() keeps the other weights when a branch is switched off", () => {
  const kernel = (model: tf.LayersModel) =>
    model.getLayer("stage1/block2/conv3x3").getWeights()[0]!.dataSync();
  const without = small({ branches: { conv1x1: false } });
  assert.deepEqual(
    kernel(createNetwork(SMALL, { seed: 3 })),
    kernel(createNetwork(without, { seed: 3 })),
  );
});

Deno.test("createNetwork() starts convolutions with variance 2 / fan-in", () => {
  const config = small({ stem: { width: 64, stride: 1 }, stages: [{ depth: 1, width: 64, stride: 1 }] });
  const kernel = createNetwork(config, { seed: 5 }).getLayer("stage1/block1/conv3x3").getWeights()[0]!;
  const variance = tf.tidy(() => tf.moments(kernel).variance.dataSync()[0]!);
  const expected = 2 / (3 * 3 * 64);
  assert.ok(Math.abs(variance / expected - 1) < 0.03, `${variance} is not near ${expected}`);
});

Deno.test("createNetwork() survives saving and loading with the same outputs", async () => {
  const model = createNetwork(SMALL, { seed: 2 });
  const loaded = await modelOf(await artifactsOf(model));
  assert.deepEqual(outputs(loaded), outputs(model));
});
