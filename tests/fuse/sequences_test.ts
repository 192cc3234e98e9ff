/** Sequences [N, L, C] are images of height 1: what merges along them in TensorFlow.js. */
import * as tf from "@tensorflow/tfjs";
import { deepEqual, equal, ok } from "node:assert/strict";
import { assertEquivalent, bothForms, layersOf, sum, through } from "./forms.ts";

const conv = (name: string, kernelSize: number, more: Partial<Parameters<typeof tf.layers.conv1d>[0]> = {}) =>
  tf.layers.conv1d({ name, filters: 4, kernelSize, padding: "same", useBias: false, ...more });
const norm = (name: string) => tf.layers.batchNormalization({ name });
const relu = (name: string) => tf.layers.reLU({ name });
const sequence = (length: number | null = 12) => tf.input({ shape: [length, 4], name: "sequence" });

for (const length of [12, null]) {
  Deno.test(`fuse() makes one Conv1D of parallel branches of ${length ?? "any"} steps`, async () => {
    const x = sequence(length);
    const y = sum(
      "add",
      through(x, conv("three", 3), norm("three_norm")),
      through(x, conv("one", 1), norm("one_norm")),
      through(x, norm("identity_norm")),
    );
    const forms = await bothForms(tf.model({ inputs: x, outputs: through(y, relu("relu")) }));
    const [region, ...others] = forms.report.regions;
    equal(others.length, 0);
    deepEqual([region!.className, region!.kernelShape, region!.activation], ["Conv1D", [1, 3, 4, 4], "relu"]);
    equal(forms.report.after.convolutions, 1);
    assertEquivalent(forms);
  });
}

Deno.test("fuse() merges along sequences through strides, poolings, concatenations and dense layers", async () => {
  const x = sequence(13);
  const a = through(x, conv("a", 3, { strides: 2 }), norm("a_norm"), relu("a_relu"));
  const b = through(x, conv("b", 5, { strides: 2, useBias: true }));
  const joined = tf.layers.concatenate({ name: "joined" }).apply([a, b]) as tf.SymbolicTensor;
  const pooled = through(
    joined,
    tf.layers.maxPooling1d({ name: "largest", poolSize: 2, padding: "same" }),
    tf.layers.averagePooling1d({ name: "mean", poolSize: 2, strides: 1 }),
    conv("c", 1),
    norm("c_norm"),
    relu("c_relu"),
    tf.layers.globalAveragePooling1d({ name: "all" }),
    norm("all_norm"),
    tf.layers.dense({ name: "head", units: 3 }),
  );
  const forms = await bothForms(tf.model({ inputs: x, outputs: pooled }));
  ok(
    !layersOf(forms.fused).some((layer) => layer.endsWith("BatchNormalization")),
    String(layersOf(forms.fused)),
  );
  assertEquivalent(forms);
});

Deno.test("fuse() pads as no Conv1D does by way of images, and what is merged so computes the same", async () => {
  for (const length of [9, null]) {
    const x = sequence(length);
    // Three taps, no zero in front and one behind: neither "same" nor "valid".
    const y = through(x, conv("even", 2), conv("even_too", 2, { padding: "valid" }), norm("norm"));
    const forms = await bothForms(tf.model({ inputs: x, outputs: y }));
    equal(layersOf(forms.fused).filter((layer) => layer.endsWith("Reshape")).length, 2);
    assertEquivalent(forms);
    const z = sum(
      "sum",
      through(x, conv("two", 2)),
      through(x, conv("three", 3)),
      through(x, conv("four", 4)),
    );
    assertEquivalent(await bothForms(tf.model({ inputs: x, outputs: z })));
  }
});
