/**
 * A LayersModel that goes through the Graph and back is the same model: its layers, its weights to the byte, its outputs.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { readLayersModel } from "../../../src/formats/tfjs/read.ts";
import { writeLayersModel } from "../../../src/formats/tfjs/write.ts";
import { openModel } from "../../../src/model/open_model.ts";
import { Random } from "../../../src/random.ts";
import { specimens } from "../../runtime/specimens.ts";

const BATCH = 2;

/** Every weight by its name. */
function weightsOf(artifacts: tf.io.ModelArtifacts): Record<string, number[]> {
  const decoded = tf.io.decodeWeights(artifacts.weightData as ArrayBuffer, artifacts.weightSpecs!);
  return Object.fromEntries(
    Object.entries(decoded).map(([name, tensor]) => [name, [...tensor.dataSync()]]).sort(),
  );
}

function outputsOf(model: tf.LayersModel, images: tf.Tensor): Float32Array {
  return tf.tidy(() => (model.predict(images) as tf.Tensor).dataSync<"float32">().slice());
}

Deno.test("writeLayersModel() gives back the model that readLayersModel() read", async (t) => {
  tf.env().set("IS_NODE", false); // Or it would recommend another package on the console.
  await tf.setBackend("cpu");
  for (const { name, artifacts } of await specimens()) {
    await t.step(name, async () => {
      const again = writeLayersModel(readLayersModel(artifacts));
      deepEqual(weightsOf(again), weightsOf(artifacts));
      const [before, after] = [await openModel(artifacts, name), await openModel(again, `${name}, again`)];
      deepEqual(
        new Set(after.layers.map((layer) => layer.name)),
        new Set(before.layers.map((layer) => layer.name)),
      );
      const shape = [BATCH, ...before.inputs[0]!.shape.slice(1) as number[]];
      const random = Random.from(3, name);
      const images = tf.tensor(
        Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
        shape,
      );
      deepEqual(outputsOf(after, images), outputsOf(before, images));
      images.dispose();
      before.dispose();
      after.dispose();
    });
  }
});

Deno.test("writeLayersModel() makes new layers of operations that no layer stands for, with the same outputs", async (t) => {
  tf.env().set("IS_NODE", false);
  await tf.setBackend("cpu");
  for (const { name, artifacts } of await specimens()) {
    await t.step(name, async () => {
      const graph = readLayersModel(artifacts);
      const operations = graph.operations.map((operation) => {
        const { origin: _gone, ...rest } = operation;
        equal(rest.op === "opaque", false);
        return rest as typeof operation;
      });
      const again = writeLayersModel({ ...graph, operations });
      const [before, after] = [await openModel(artifacts, name), await openModel(again, `${name}, anew`)];
      const shape = [BATCH, ...before.inputs[0]!.shape.slice(1) as number[]];
      const random = Random.from(4, name);
      const images = tf.tensor(
        Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
        shape,
      );
      const [expected, found] = [outputsOf(before, images), outputsOf(after, images)];
      const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const gap = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
      ok(gap <= 1e-6 * scale, `${gap / scale} of the scale`);
      images.dispose();
      before.dispose();
      after.dispose();
    });
  }
});

Deno.test("writeLayersModel() writes a dilated depthwise convolution as a layer that obeys its dilation", async () => {
  tf.env().set("IS_NODE", false);
  await tf.setBackend("cpu");
  const [size, channels, dilation] = [9, 3, 2];
  const config = {
    name: "dilated",
    batch_input_shape: [null, size, size, channels],
    filters: channels,
    groups: channels,
    kernel_size: [3, 3],
    dilation_rate: [dilation, dilation],
    use_bias: false,
  };
  const layers = [{ class_name: "GroupedConv2D", config }];
  const random = Random.from(5, "dilated depthwise");
  const noise = (length: number) => Float32Array.from({ length }, () => random.normal());
  const kernel = noise(9 * channels);
  const graph = readLayersModel({
    modelTopology: { class_name: "Sequential", config: { name: "model", layers } },
    weightSpecs: [{ name: "dilated/kernel", shape: [3, 3, 1, channels], dtype: "float32" }],
    weightData: kernel.buffer,
  });
  const operations = graph.operations.map(({ origin: _gone, ...rest }) => rest as typeof graph.operations[0]);
  const model = await openModel(writeLayersModel({ ...graph, operations }), "dilated");
  const images = tf.tensor4d(noise(size * size * channels), [1, size, size, channels]);
  const found = outputsOf(model, images);
  const expected = tf.depthwiseConv2d(
    images,
    tf.tensor4d(kernel, [3, 3, channels, 1]),
    1,
    "valid",
    "NHWC",
    dilation,
  ).dataSync<"float32">();
  equal(found.length, expected.length);
  ok(expected.every((value, i) => Math.abs(value - found[i]!) < 1e-5));
  model.dispose();
});
