import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { defaultNormalization } from "../../src/data/normalization.ts";
import { classifierGraph, classifierOfGraph } from "../../src/deploy/graph_classifier.ts";
import { InputError } from "../../src/errors.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";

const CARD = {
  classNames: ["a", "b"],
  inputSize: [8, 8, 3],
  normalization: defaultNormalization(3),
  givesProbabilities: false,
} as const;

const conv = (inputShape: (number | null)[]) => tf.layers.conv2d({ inputShape, filters: 2, kernelSize: 1 });
const pool = () => tf.layers.globalAveragePooling2d({});

/** Networks that are not from one image of the card to one number per class of it, and how they are refused. */
const STRANGERS: Record<string, { layers: tf.layers.Layer[]; message: RegExp }> = {
  "images to images": { layers: [conv([8, 8, 3])], message: /one output \[N,2\] .* found \[\?,8,8,2\]/ },
  "vectors": {
    layers: [tf.layers.dense({ inputShape: [4], units: 2 })],
    message: /one input \[N,8,8,3\] .* found \[\?,4\]/,
  },
  "images of any size": {
    layers: [conv([null, null, 3]), pool()],
    message: /one input \[N,8,8,3\] .* found \[\?,\?,\?,3\]/,
  },
  "more classes": {
    layers: [conv([8, 8, 3]), pool(), tf.layers.dense({ units: 3 })],
    message: /one output \[N,2\] .* found \[\?,3\]/,
  },
};

for (const [what, { layers, message }] of Object.entries(STRANGERS)) {
  Deno.test(`classifierGraph() and classifierOfGraph() refuse a network of ${what}`, async () => {
    const artifacts = await artifactsOf(tf.sequential({ layers }));
    const isRefusal = (error: unknown) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, message);
      return true;
    };
    assert.throws(() => classifierGraph(artifacts, CARD), isRefusal);
    await assert.rejects(classifierOfGraph(readLayersModel(artifacts), CARD), isRefusal);
  });
}

Deno.test("classifierGraph() takes a network as its card says", async () => {
  const artifacts = await artifactsOf(tf.sequential({ layers: [conv([8, 8, 3]), pool()] }));
  const classifier = await classifierOfGraph(classifierGraph(artifacts, CARD), CARD);
  assert.equal((await classifier.classify(new Uint8Array(2 * 8 * 8 * 3))).length, 2 * 2);
  await classifier.dispose();
});
