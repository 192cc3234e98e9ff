import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { outputOf } from "../../src/classify/output.ts";
import { predictTop } from "../../src/classify/predict.ts";
import { openArtifacts } from "../../src/classify/tfjs.ts";
import { defaultNormalization } from "../../src/data/normalization.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { InputError } from "../../src/errors.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";

await startBackend();

/** A network on images of 4x4, that ends in the layers. */
function endingIn(...layers: tf.layers.Layer[]): Promise<tf.io.ModelArtifacts> {
  return artifactsOf(tf.sequential({ layers: [tf.layers.flatten({ inputShape: [4, 4, 1] }), ...layers] }));
}

const { dense, softmax, activation, dropout, reshape } = tf.layers;

const ENDS: readonly [
  name: string,
  layers: () => tf.layers.Layer[],
  classes: number,
  probabilities: boolean,
][] = [
  ["a dense layer", () => [dense({ units: 3 })], 3, false],
  ["a dense layer with softmax", () => [dense({ units: 3, activation: "softmax" })], 3, true],
  ["a softmax layer", () => [dense({ units: 3 }), softmax()], 3, true],
  ["an activation", () => [dense({ units: 3 }), activation({ activation: "softmax" })], 3, true],
  [
    "layers that change nothing behind a softmax",
    () => [dense({ units: 3, activation: "softmax" }), dropout({ rate: 0.5 }), reshape({ targetShape: [3] })],
    3,
    true,
  ],
  ["one sigmoid", () => [dense({ units: 1, activation: "sigmoid" })], 1, true],
  ["several sigmoids", () => [dense({ units: 2, activation: "sigmoid" })], 2, true],
  [
    "a softmax with a layer behind it",
    () => [dense({ units: 3, activation: "softmax" }), dense({ units: 2 })],
    2,
    false,
  ],
];

for (const [name, layers, classes, givesProbabilities] of ENDS) {
  Deno.test(`outputOf() says ${givesProbabilities ? "probabilities" : "no probabilities"} of ${name}`, async () => {
    assert.deepEqual(outputOf(readLayersModel(await endingIn(...layers())), "m"), {
      outputs: classes,
      givesProbabilities,
      isShown: true,
    });
  });
}

Deno.test("outputOf() refuses an output that is not [N, classes]", async () => {
  const artifacts = await artifactsOf(tf.sequential({
    layers: [tf.layers.conv2d({ inputShape: [7, 7, 3], filters: 4, kernelSize: 1 })],
  }));
  assert.throws(() => outputOf(readLayersModel(artifacts), "m/model.json"), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(
      error.message,
      /m\/model\.json as a classifier: expected one output \[N, classes\], found \[\?,7,7,4\]/,
    );
    return true;
  });
});

Deno.test("predictTop() gives the network's own probabilities, and a sigmoid's value", async () => {
  for (
    const layers of [[dense({ units: 3, activation: "softmax" })], [
      dense({ units: 1, activation: "sigmoid" }),
    ]]
  ) {
    const artifacts = await endingIn(...layers);
    const { outputs: count, givesProbabilities } = outputOf(readLayersModel(artifacts), "m");
    const card = {
      classNames: Array.from({ length: count }, (_, i) => `class ${i}`),
      inputSize: [4, 4, 1],
      normalization: defaultNormalization(1),
      givesProbabilities,
    } as const;
    const classifier = await openArtifacts(artifacts, card, "m");
    const pixels = Uint8Array.from({ length: 16 }, (_, i) => 10 * i);
    const outputs = await classifier.classify(pixels);
    const [top] = await predictTop(classifier, card, [pixels], 1);
    assert.equal(top![0]!.probability, Math.max(...outputs));
    await classifier.dispose();
  }
});
