import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { startBackend } from "../../../src/kernels/tfjs/backend.ts";
import {
  BatchNormalization,
  type BatchNormalizationConfig,
} from "../../../src/model/layers/batch_normalization.ts";
import { Random } from "../../../src/random.ts";

await startBackend();

type Kind = "ours" | "standard";

/** A model of one normalization, with weights that are not those of the start, and one batch for it. */
function example(kind: Kind, config: BatchNormalizationConfig = {}) {
  const shape = [6, 5, 4, 7];
  const random = Random.from(1, "batch normalization");
  const draw = (size: number) => Float32Array.from({ length: size }, () => random.normal());
  const layer = kind === "ours" ? new BatchNormalization(config) : tf.layers.batchNormalization(config);
  const model = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: shape.slice(1) }), layer] });
  model.setWeights(layer.weights.map((weight, index) => {
    const values = draw(tf.util.sizeFromShape(weight.shape as number[]));
    return tf.tensor(index === 3 ? values.map((value) => value * value) : values, weight.shape as number[]);
  }));
  const x = tf.tensor(draw(6 * 5 * 4 * 7), shape);
  const dy = tf.tensor(draw(6 * 5 * 4 * 7), shape);
  return { layer, model, x, dy, weights: () => model.getWeights().map((weight) => weight.dataSync()) };
}

function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const allowed = 2e-5 * (1 + Math.abs(expected[i]!));
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= allowed, `${i}: ${actual[i]} is not ${expected[i]}`);
  }
}

/** Outputs, gradients by x, γ and β, and weights after one pass in training. */
function train(kind: Kind, config: BatchNormalizationConfig) {
  const { model, layer, x, dy, weights } = example(kind, config);
  const parameters = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
  let y: tf.Tensor;
  const { grads } = tf.variableGrads(() => {
    y = tf.keep(model.apply(x, { training: true }) as tf.Tensor);
    return y.mul(dy).sum();
  }, parameters);
  const dx = tf.grad((x) => (model.apply(x, { training: true }) as tf.Tensor).mul(dy))(x);
  const gradients = parameters.map(({ name }) => grads[name]!.dataSync());
  return [y!.dataSync(), ...gradients, dx.dataSync(), ...weights()];
}

for (const config of [{}, { momentum: 0.3, epsilon: 0.1 }, { axis: 3 }]) {
  Deno.test(`BatchNormalization trains as the standard layer does with ${JSON.stringify(config)}`, () => {
    const [ours, standard] = [train("ours", config), train("standard", config)];
    assert.equal(ours.length, 8);
    ours.forEach((values, index) => assertNear(values, standard[index]!));
  });
}

Deno.test("BatchNormalization uses the fast kernels for the last axis, and the standard layer for others", async () => {
  const usesKernel = async (config: BatchNormalizationConfig) => {
    const { model, x } = example("ours", config);
    const { kernelNames } = await tf.profile(() => model.apply(x, { training: true }) as tf.Tensor);
    return kernelNames.includes("BatchNormTraining");
  };
  assert.equal(await usesKernel({}), true);
  assert.equal(await usesKernel({ axis: 1 }), false);
});

Deno.test("BatchNormalization infers as the standard layer does, and keeps its statistics", () => {
  const [ours, standard] = [example("ours"), example("standard")];
  const before = ours.weights();
  assertNear(
    (ours.model.predict(ours.x) as tf.Tensor).dataSync(),
    (standard.model.predict(standard.x) as tf.Tensor).dataSync(),
  );
  assert.deepEqual(ours.weights(), before);
});

Deno.test("BatchNormalization takes a momentum that is set later", () => {
  const { layer, model, x, weights } = example("ours");
  (layer as BatchNormalization).momentum = 1;
  const before = weights();
  tf.dispose(model.apply(x, { training: true }) as tf.Tensor);
  assert.deepEqual(weights(), before);
});

Deno.test("BatchNormalization leaves a tensor alone that shares the running statistics' data", () => {
  const { layer, model, x } = example("ours");
  const running = layer.weights[2]!.read();
  const shared = running.clone();
  const before = shared.dataSync();
  tf.dispose(model.apply(x, { training: true }) as tf.Tensor);
  assert.deepEqual(shared.dataSync(), before);
  assert.notDeepEqual(running.dataSync(), before);
});

Deno.test("BatchNormalization is saved as the standard layer, which loads it", async () => {
  const { model, layer, x } = example("ours", { name: "norm", epsilon: 0.5 });
  assert.equal(layer.getClassName(), "BatchNormalization");
  assert.deepEqual(
    layer.getConfig(),
    example("standard", { name: "norm", epsilon: 0.5 }).layer.getConfig(),
  );
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler((saved) => {
    artifacts = saved;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } });
  }));
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts!));
  assert.ok(!(loaded.layers.at(-1) instanceof BatchNormalization));
  assertNear(
    (loaded.predict(x) as tf.Tensor).dataSync(),
    (model.predict(x) as tf.Tensor).dataSync(),
  );
});
