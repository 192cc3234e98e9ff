/** Vectors [N, C] are images of one pixel: what merges around dense layers. */
import * as tf from "@tensorflow/tfjs";
import { deepEqual, equal, ok } from "node:assert/strict";
import { assertEquivalent, bothForms, layersOf, sum, through } from "./forms.ts";

const dense = (name: string, units = 4) => tf.layers.dense({ name, units });
const norm = (name: string) => tf.layers.batchNormalization({ name });
const vector = (channels = 6) => tf.input({ shape: [channels], name: "vector" });

Deno.test("fuse() folds BatchNorm into a dense layer, in front of it and behind it, with the activation", async () => {
  const x = vector();
  const y = through(x, norm("before"), dense("dense"), norm("behind"), tf.layers.reLU({ name: "relu" }));
  const forms = await bothForms(tf.model({ inputs: x, outputs: y }));
  const [region, ...others] = forms.report.regions;
  equal(others.length, 0);
  deepEqual([region!.className, region!.activation, region!.kernelShape], ["Dense", "relu", [1, 1, 6, 4]]);
  deepEqual(region!.layers, ["before", "dense", "behind", "relu"]);
  deepEqual([region!.macsBefore, region!.macsAfter], [6 + 24 + 4, 24]);
  assertEquivalent(forms);
});

Deno.test("fuse() makes one dense layer of parallel heads and their mean", async () => {
  const x = vector();
  const heads = ["a", "b"].map((name) => through(x, norm(`${name}_norm`), dense(name)));
  const y = tf.layers.average({ name: "mean" }).apply(heads) as tf.SymbolicTensor;
  const forms = await bothForms(tf.model({ inputs: x, outputs: y }));
  equal(forms.report.regions.length, 1);
  equal(forms.report.after.macs, 24);
  assertEquivalent(forms);
});

Deno.test("fuse() leaves a BatchNorm of vectors alone, and a dense layer that nothing merges with", async () => {
  const x = vector(5);
  const y = sum(
    "add",
    through(x, norm("norm"), tf.layers.reLU({ name: "relu" })),
    through(x, dense("alone", 5)),
  );
  const forms = await bothForms(tf.model({ inputs: x, outputs: y }));
  deepEqual(forms.report.regions, []);
  ok(["norm", "alone"].every((name) => layersOf(forms.fused).some((layer) => layer.startsWith(name))));
  assertEquivalent(forms);
});
