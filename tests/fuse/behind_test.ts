/** Layers that hide nothing: what changes nothing goes away, and a convolution behind what nobody knows merges all the same. */
import * as tf from "@tensorflow/tfjs";
import { deepEqual, equal, ok } from "node:assert/strict";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { assertEquivalent, bothForms, chain, formsOf, layersOf } from "./forms.ts";
import { toArtifacts } from "./artifacts.ts";

const conv = () => tf.layers.conv2d({ name: "conv", filters: 3, kernelSize: 3, padding: "same" });
const norm = () => tf.layers.batchNormalization({ name: "bn" });

const BEFORE: Readonly<Record<string, () => tf.layers.Layer>> = {
  Cropping2D: () => tf.layers.cropping2D({ cropping: 1 }),
  Permute: () => tf.layers.permute({ dims: [2, 1, 3] }),
  UpSampling2D: () => tf.layers.upSampling2d({ size: [2, 2] }),
  LayerNormalization: () => tf.layers.layerNormalization(),
  PReLU: () => tf.layers.prelu({ sharedAxes: [1, 2] }) as tf.layers.Layer,
  ThresholdedReLU: () => tf.layers.thresholdedReLU(),
  Conv2DTranspose: () =>
    tf.layers.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, activation: "relu" }),
  MaxPooling2D: () => tf.layers.maxPooling2d({ poolSize: 2 }),
};

for (const [name, before] of Object.entries(BEFORE)) {
  Deno.test(`fuse() merges what stands behind ${name}`, async () => {
    const forms = await bothForms(chain([6, 5, 4], before(), conv(), norm(), tf.layers.reLU()));
    assertEquivalent(forms);
    equal(forms.fused.layers.length, 3);
    ok(layersOf(forms.fused).at(-1)!.endsWith("Conv2D"));
  });
}

Deno.test("fuse() takes slopes of 1 for nothing, and goes on through them", async () => {
  for (
    const layer of [
      tf.layers.leakyReLU({ name: "slope", alpha: 1 }),
      tf.layers.prelu({ name: "slope", alphaInitializer: "ones" }) as tf.layers.Layer,
    ]
  ) {
    // The weights as they are: random ones are no slopes of 1.
    const forms = await formsOf(await toArtifacts(chain([6, 5, 4], conv(), layer, norm())));
    assertEquivalent(forms);
    deepEqual(forms.report.regions.map(({ layers }) => layers), [["conv", "slope", "bn"]]);
  }
});

Deno.test("readLayersModel() reads a PReLU of one slope as a leaky ReLU", async () => {
  const layer = tf.layers.prelu({
    alphaInitializer: tf.initializers.constant({ value: 0.5 }),
  }) as tf.layers.Layer;
  const { operations } = readLayersModel(await toArtifacts(chain([6, 5, 4], layer)));
  deepEqual(operations.map((operation) => operation.op === "activation" && operation.alpha), [0.5]);
});
