import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { writeLayersModel } from "../../src/formats/tfjs/write.ts";
import { featuresOf, trunkOf, withHead } from "../../src/graph/trunk.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { graphOf, modelOf } from "../model/artifacts.ts";

await startBackend();

type Layers = tf.layers.Layer[];

const { layers } = tf;
const image = (side = 8) =>
  layers.conv2d({ name: "conv", filters: 4, kernelSize: 3, activation: "relu", inputShape: [side, side, 3] });
const pool = () => layers.globalAveragePooling2d({ name: "pool" });
const hidden = () => layers.dense({ name: "hidden", units: 5, activation: "relu" });
const softmax = () => layers.dense({ name: "classes", units: 7, activation: "softmax" });
const flat = () => layers.flatten({ name: "flat" });
const onePixel = () => layers.reshape({ name: "pixel", targetShape: [1, 1, 4] });
const scores = () => layers.conv2d({ name: "scores", filters: 7, kernelSize: 1 });
const sevenScores = () => layers.reshape({ name: "squeezed", targetShape: [7] });

/** What a network keeps of its layers, and how many features it gives. */
const CASES: Readonly<Record<string, [stack: () => Layers, lastLayer: string, features: number]>> = {
  "a pooling and a classifier": [() => [image(), pool(), softmax()], "pool", 4],
  "hidden layers behind the pooling": [() => [image(), pool(), hidden(), softmax()], "pool", 4],
  "a dropout before the classifier": [
    () => [image(), pool(), layers.dropout({ name: "drop", rate: 0.5 }), softmax()],
    "pool",
    4,
  ],
  "an image laid flat": [() => [image(), flat(), hidden(), softmax()], "flat", 6 * 6 * 4],
  "a large image laid flat": [() => [image(40), flat(), hidden(), softmax()], "hidden", 5],
  "features alone": [() => [image(), pool()], "pool", 4],
  "a convolution of one pixel for the classes": [
    () => [image(), pool(), onePixel(), scores(), sevenScores(), layers.softmax({ name: "softmax" })],
    "pool",
    4,
  ],
  "an average pooling to one pixel": [
    () => [image(), layers.averagePooling2d({ name: "average", poolSize: 6 }), flat(), softmax()],
    "average",
    4,
  ],
};

for (const [name, [stack, lastLayer, features]] of Object.entries(CASES)) {
  Deno.test(`trunkOf() cuts ${name} behind "${lastLayer}", and withHead() computes its features times the head`, async () => {
    const model = tf.sequential({ layers: stack() });
    const trunk = trunkOf(await graphOf(model))!;
    assert.equal(featuresOf(trunk), features);
    const kernel = Float32Array.from({ length: features * 3 }, (_, i) => Math.sin(i));
    const bias = Float32Array.of(1, -2, 3);
    const written = await modelOf(writeLayersModel(withHead(trunk, { name: "head/dense", kernel, bias })));
    const names = written.layers.map((layer) => layer.name);
    assert.ok(
      names.includes(lastLayer) && !names.includes("classes") && !names.includes("scores"),
      `${names}`,
    );
    const places = model.layers.map((layer) => layer.name);
    const behind = places.slice(places.indexOf(lastLayer) + 1);
    assert.deepEqual(behind.filter((layer) => names.includes(layer)), [], "what was about the old classes");

    const cut = tf.model({ inputs: model.inputs, outputs: model.getLayer(lastLayer).output });
    const difference = tf.tidy(() => {
      const x = tf.randomNormal([2, ...model.inputs[0]!.shape.slice(1) as number[]], 0, 1, "float32", 5);
      const found = cut.predict(x) as tf.Tensor;
      const expected = found.reshape([2, features]).matMul(tf.tensor2d(kernel, [features, 3])).add(bias);
      return (written.predict(x) as tf.Tensor).sub(expected).abs().max().dataSync()[0]!;
    });
    assert.ok(difference < 1e-5, String(difference));
  });
}

Deno.test("trunkOf() drops all of a layer that it cuts through, and keeps its old names free for the head", async () => {
  const stack = [image(), pool(), layers.dense({ name: "head/dense", units: 2, activation: "softmax" })];
  const trunk = trunkOf(await graphOf(tf.sequential({ layers: stack })))!;
  const head = { name: "head/dense", kernel: new Float32Array(12).fill(2), bias: new Float32Array(3) };
  const model = await modelOf(writeLayersModel(withHead(trunk, head)));
  const [kernel] = model.getLayer("head/dense").getWeights();
  assert.deepEqual([kernel!.shape, kernel!.dataSync()[0]], [[4, 3], 2]);
});

Deno.test("trunkOf() finds no features in images, sequences and several outputs", async () => {
  const input = tf.input({ shape: [8, 8, 3] });
  const pooled = pool().apply(image().apply(input)) as tf.SymbolicTensor;
  const networks = [
    tf.sequential({ layers: [image()] }),
    tf.sequential({
      layers: [image(), layers.reshape({ targetShape: [36, 4] }), layers.dense({ units: 3 })],
    }),
    tf.model({ inputs: input, outputs: [pooled, softmax().apply(pooled) as tf.SymbolicTensor] }),
  ];
  for (const network of networks) assert.equal(trunkOf(await graphOf(network)), undefined);
});
