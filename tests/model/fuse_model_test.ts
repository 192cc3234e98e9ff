/** Fusion of a model in memory: the same outputs, the given model untouched, no tensor left behind. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { fuseModel } from "../../src/model/fuse_model.ts";
import { InputError } from "../../src/errors.ts";
import { GroupedConv2D } from "../../src/model/layers/grouped_conv2d.ts";

await tf.setBackend("cpu");

/** A layer that nobody has registered. */
class Unregistered extends tf.layers.Layer {
  static className = "Unregistered";
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return [inputs].flat()[0]!.clone();
  }
}

/** A convolution and a BatchNorm in a nested model, then a grouped convolution and `last`. */
function network(...last: tf.layers.Layer[]): tf.LayersModel {
  const inner = tf.sequential({
    name: "inner",
    layers: [
      tf.layers.conv2d({ name: "conv", filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
      tf.layers.batchNormalization({ name: "bn", movingMeanInitializer: "randomNormal" }),
      tf.layers.reLU({ name: "relu" }),
    ],
  });
  const grouped = new GroupedConv2D({ name: "grouped", filters: 4, kernelSize: [3, 3], groups: 2 });
  return tf.sequential({ layers: [inner, grouped, tf.layers.batchNormalization(), ...last] });
}

function valuesOf(model: tf.LayersModel): Float32Array[] {
  return model.getWeights().map((weight) => weight.dataSync() as Float32Array);
}

Deno.test("fuseModel() gives a model of the same function in fewer layers", async () => {
  const training = network(tf.layers.reLU());
  const { model, report } = await fuseModel(training);
  tf.tidy(() => {
    const image = tf.randomNormal([2, 8, 8, 3], 0, 1, "float32", 7);
    const [expected, actual] = [training, model].map((each) => each.predict(image) as tf.Tensor);
    assert.ok(expected!.abs().max().dataSync()[0]! > 0);
    assert.ok(actual!.sub(expected!).abs().max().dataSync()[0]! < 1e-5);
  });
  assert.equal(report.regions.length, 2);
  assert.equal(model.countParams(), report.after.parameters);
  assert.ok(report.after.parameters < report.before.parameters);
  training.dispose();
  model.dispose();
});

Deno.test("fuseModel() leaves the given model as it is, and shares nothing with it", async () => {
  const empty = tf.memory().numTensors;
  const training = network();
  const [tensors, before] = [tf.memory().numTensors, valuesOf(training)];
  const { model } = await fuseModel(training);
  assert.deepEqual(valuesOf(training), before);
  const fused = valuesOf(model);
  model.dispose();
  assert.equal(tf.memory().numTensors, tensors);
  const again = await fuseModel(training);
  training.dispose();
  assert.deepEqual(valuesOf(again.model), fused);
  again.model.dispose();
  assert.equal(tf.memory().numTensors, empty);
});

Deno.test("fuseModel() leaves no tensor behind when a weight is not finite", async () => {
  const training = network();
  const grouped = training.layers[1]!;
  tf.tidy(() => grouped.setWeights(grouped.getWeights().map(({ shape }) => tf.fill(shape, NaN))));
  await rejects(training, /holds NaN/);
});

Deno.test("fuseModel() leaves no tensor behind when a class is not registered", async () => {
  await rejects(network(new Unregistered()), /Unregistered, which is not registered/);
});

Deno.test("fuseModel() finds a class that is not registered in a nested model and in a wrapper", async () => {
  const nested = tf.sequential({ layers: [network(new Unregistered())] });
  await rejects(nested, /Unregistered, which is not registered/);
  const layer = new Unregistered();
  const wrapped = tf.sequential({ layers: [tf.layers.timeDistributed({ layer, inputShape: [4, 3] })] });
  await rejects(wrapped, /Unregistered, which is not registered/);
});

async function rejects(training: tf.LayersModel, message: RegExp): Promise<void> {
  const before = tf.memory().numTensors;
  await assert.rejects(fuseModel(training), (error: Error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, message);
    return true;
  });
  assert.equal(tf.memory().numTensors, before);
  training.dispose();
}
