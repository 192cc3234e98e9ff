/** Transposed convolutions: the map behind them folds in, and parallel ones become one. */
import * as tf from "@tensorflow/tfjs";
import { deepEqual, equal, ok } from "node:assert/strict";
import { assertEquivalent, bothForms, chain, sum, through } from "./forms.ts";

const up = (
  name: string,
  kernelSize: number,
  strides: number,
  padding: "same" | "valid" = "same",
  filters = 4,
) => tf.layers.conv2dTranspose({ name, filters, kernelSize, strides, padding });
const norm = (name: string) => tf.layers.batchNormalization({ name });

for (const padding of ["same", "valid"] as const) {
  for (const [kernelSize, stride] of [[2, 2], [3, 2], [4, 2], [1, 2], [3, 1], [2, 3], [5, 3]] as const) {
    Deno.test(`fuse() folds BatchNorm into a ${kernelSize}x${kernelSize}/${stride} ${padding} Conv2DTranspose`, async () => {
      const layers =
        () => [up("up", kernelSize, stride, padding), norm("bn"), tf.layers.reLU({ name: "relu" })];
      for (const shape of [[5, 4, 3], [null, null, 3]]) {
        const forms = await bothForms(chain(shape, ...layers()));
        assertEquivalent(forms);
        equal(forms.fused.layers.length, 2);
        deepEqual(forms.report.regions[0]!.layers, ["up", "bn", "relu"]);
        equal(forms.report.regions[0]!.activation, "relu");
        if (shape[0] !== null) {
          equal(forms.report.after.macs, 5 * 4 * kernelSize ** 2 * 3 * 4);
        }
      }
    });
  }
}

Deno.test("fuse() makes one of parallel transposed convolutions, and takes a scale before them in", async () => {
  const x = tf.input({ shape: [5, 4, 3], name: "image" });
  const scaled = through(x, tf.layers.rescaling({ name: "scale", scale: 2 }));
  const branches = [through(scaled, up("a", 4, 2)), through(scaled, up("b", 2, 2), norm("bn"))];
  const forms = await bothForms(tf.model({ inputs: x, outputs: sum("add", ...branches) }));
  assertEquivalent(forms);
  equal(forms.fused.layers.length, 2);
  equal(forms.report.regions[0]!.className, "Conv2DTranspose");
});

Deno.test("fuse() refuses what a transposed convolution makes inexact, with the reason", async () => {
  const x = tf.input({ shape: [5, 4, 3], name: "image" });
  const outputs = through(x, tf.layers.reLU({ name: "relu" }), norm("bn"), up("up", 3, 2));
  const forms = await bothForms(tf.model({ inputs: x, outputs }));
  assertEquivalent(forms);
  ok(forms.report.refusals.some(({ layer, reason }) => layer === "up" && /reads zeros between/.test(reason)));
});
