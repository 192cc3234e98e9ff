/** An addition of which some branches merge and others do not. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { verifyFusion } from "../../src/proof/tensorflow.ts";
import { bothForms, sum, through } from "./forms.ts";

Deno.test("verifyFusion() passes when an addition merges in part", async () => {
  await tf.setBackend("cpu");
  const conv = (name: string) => tf.layers.conv2d({ name, filters: 3, kernelSize: 3, padding: "same" });
  const image = tf.input({ shape: [8, 8, 3], name: "image" });
  const added = sum(
    "add",
    through(image, conv("wide")),
    through(image, tf.layers.batchNormalization({ name: "norm" })),
    through(image, conv("inner"), tf.layers.reLU({ name: "inner_relu" })),
  );
  const { training, fused, fusion, report } = await bothForms(tf.model({ inputs: image, outputs: added }));
  const term = report.regions.find(({ layers }) => layers.includes("wide"))!;
  assert.ok(term.layers.includes("norm"));
  assert.equal(term.training, null);
  const proof = await verifyFusion({ training, fused, fusion, inputs: [tf.randomNormal([2, 8, 8, 3])] });
  assert.ok(proof.pass, JSON.stringify(proof));
});
