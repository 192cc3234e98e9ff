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
