import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { InputBatch } from "../../src/bench/engine.ts";
import { createTfjsEngine } from "../../src/bench/engines/tfjs.ts";
import { InputError } from "../../src/errors.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { Random } from "../../src/random.ts";

await startBackend();

/** Two convolutions, BatchNorm and a head: images [batch, 8, 8, 3] to [batch, 5]. */
function smallModel(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 3] });
  let x = tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }).apply(input) as tf.SymbolicTensor;
  x = tf.layers.batchNormalization({ movingMeanInitializer: "ones" }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: tf.layers.dense({ units: 5 }).apply(x) as tf.SymbolicTensor });
}

function images(count: number): InputBatch {
  const random = Random.from(1, "images");
  return {
    images: Float32Array.from({ length: count * 192 }, () => random.normal()),
    shape: [count, 8, 8, 3],
  };
}

Deno.test("createTfjsEngine() gives the model's outputs in inference mode when the batch is above 32", () => {
  const model = smallModel();
  const batch = images(40);
  const expected = tf.tidy(() =>
    (model.apply(tf.tensor4d(batch.images, [...batch.shape])) as tf.Tensor).dataSync()
  );
  const engine = createTfjsEngine("small", model);
  engine.prepare(batch);
  engine.run();
  assert.equal(engine.output().length, 40 * 5);
  engine.output().forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${i}`));
  engine.dispose();
});

Deno.test("createTfjsEngine() leaves no tensor behind when it is disposed, and none between runs", async () => {
  const before = tf.memory().numTensors;
  const engine = createTfjsEngine("small", smallModel());
  engine.prepare(images(2));
  engine.run();
  const running = tf.memory().numTensors;
  for (let i = 0; i < 5; i++) engine.run();
  await engine.footprint();
  engine.prepare(images(3));
  engine.run();
  assert.equal(tf.memory().numTensors, running);
  engine.dispose();
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("footprint() counts this model alone when others are loaded", async () => {
  const engine = createTfjsEngine("small", smallModel());
  engine.prepare(images(2));
  const alone = await engine.footprint();
  // 3·3·3·4 + 4 convolution, 4·4 BatchNorm, 4·5 + 5 head.
  const parameters = 112 + 16 + 25;
  assert.equal(alone.parameters, parameters);
  assert.equal(alone.bytes, 4 * parameters);
  const imageAndConvolution = 4 * 2 * 64 * (3 + 4);
  assert.ok(alone.heapBytes! >= alone.bytes + imageAndConvolution, `${alone.heapBytes!} bytes`);
  // 8 weights, the images, at least one result.
  assert.ok(alone.tensors! >= 10 && alone.tensors! <= 20, `${alone.tensors!} tensors`);

  const other = createTfjsEngine("other", smallModel());
  other.prepare(images(32));
  assert.deepEqual(await engine.footprint(), alone);
  engine.prepare(images(4));
  assert.ok((await engine.footprint()).heapBytes! > alone.heapBytes!);
  engine.dispose();
  other.dispose();
});

Deno.test("createTfjsEngine() throws an InputError when the model has two outputs", () => {
  const input = tf.input({ shape: [2] });
  const outputs = [1, 2].map((units) => tf.layers.dense({ units }).apply(input) as tf.SymbolicTensor);
  const model = tf.model({ inputs: input, outputs });
  assert.throws(() => createTfjsEngine("two", model), InputError);
  model.dispose();
});
