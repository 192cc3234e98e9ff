/** Maps around joins: concatenations, means, global poolings and flattenings. */
import * as tf from "@tensorflow/tfjs";
import { deepEqual, equal, ok } from "node:assert/strict";
import { assertEquivalent, bothForms, chain, type Forms, layersOf, sum, through } from "./forms.ts";

const conv = (name: string, kernelSize: number, filters = 4) =>
  tf.layers.conv2d({ name, filters, kernelSize, padding: "same" });
const norm = (name: string) => tf.layers.batchNormalization({ name });
const relu = (name: string) => tf.layers.reLU({ name });
const image = (channels = 4) => tf.input({ shape: [6, 6, channels], name: "image" });

function concat(name: string, ...tensors: tf.SymbolicTensor[]): tf.SymbolicTensor {
  return tf.layers.concatenate({ name }).apply(tensors) as tf.SymbolicTensor;
}

async function formsOf(inputs: tf.SymbolicTensor, outputs: tf.SymbolicTensor | tf.SymbolicTensor[]) {
  const forms = await bothForms(tf.model({ inputs, outputs }));
  assertEquivalent(forms);
  return forms;
}

function classesOf({ fused }: Forms): string[] {
  return layersOf(fused).map((layer) => layer.split(": ")[1]!).sort();
}

Deno.test("fuse() folds BatchNorm behind a concatenation into each convolution before it", async () => {
  const x = image();
  const branches = [conv("a", 3, 3), conv("b", 1, 5)].map((layer) => through(x, layer));
  const forms = await formsOf(x, through(concat("join", ...branches), norm("bn"), relu("relu")));
  deepEqual(classesOf(forms), ["Concatenate", "Conv2D", "Conv2D", "ReLU"]);
  deepEqual(forms.report.regions.map(({ layers }) => layers), [["a", "bn"], ["b", "bn"]]);
});

Deno.test("fuse() leaves BatchNorm behind a concatenation whole where a branch cannot take it in, and names that", async () => {
  const x = image();
  const joined = concat("join", through(x, conv("a", 3)), through(x, relu("relu")));
  const forms = await formsOf(x, through(joined, norm("bn")));
  deepEqual(classesOf(forms), ["BatchNormalization", "Concatenate", "Conv2D", "ReLU"]);
  deepEqual(forms.report.refusals.map(({ layer, reason }) => [layer, reason]), [
    ["bn", '"join" joins what "relu" gives, which cannot take it in'],
  ]);
});

Deno.test("fuse() leaves DenseNet's BatchNorm alone, since others read what it normalizes, and says so", async () => {
  const x = image();
  const first = through(x, conv("a", 3));
  const second = through(concat("join1", x, first), norm("bn1"), relu("relu1"), conv("b", 3));
  const third = through(concat("join2", x, first, second), norm("bn2"), relu("relu2"), conv("c", 3));
  const forms = await formsOf(x, concat("join3", x, first, second, third));
  equal(classesOf(forms).filter((name) => name === "BatchNormalization").length, 2);
  for (const name of ["bn1", "bn2"]) {
    ok(forms.report.refusals.some(({ layer }) => layer === name), `${name} has no reason`);
  }
});

Deno.test("fuse() makes one convolution of concatenated ones of one window, and not of others", async () => {
  for (const [sizes, convolutions] of [[[3, 3], 1], [[3, 1], 2]] as const) {
    const x = image();
    const branches = sizes.map((size, i) => through(x, conv(`conv${i}`, size, 3)));
    const { report } = await formsOf(x, concat("join", ...branches));
    equal(report.after.convolutions, convolutions);
    equal(report.after.macs, report.before.macs);
  }
});

Deno.test("fuse() joins neighbours alone where a concatenation stays", async () => {
  const x = image();
  const [a, b, c] = ["a", "b", "c"].map((name) => through(x, conv(name, 3, 3)));
  const forms = await formsOf(x, concat("join", a!, b!, through(x, relu("relu")), c!));
  equal(forms.report.after.convolutions, 2);
  deepEqual(forms.report.regions.map(({ layers }) => layers), [["a", "b", "join"]]);
});

Deno.test("fuse() makes one convolution of parallel ones that are concatenated for a linear 1x1", async () => {
  const x = image();
  const branches = [conv("a", 3, 8), conv("b", 1, 8)].map((layer) => through(x, layer));
  const { report } = await formsOf(x, through(concat("join", ...branches), norm("bn"), conv("mix", 1)));
  equal(report.after.layers, 1);
  equal(report.after.macs, 36 * 9 * 4 * 4);
});

Deno.test("fuse() folds BatchNorm behind a sum or a mean of different tensors into each", async () => {
  for (const join of [tf.layers.add({ name: "join" }), tf.layers.average({ name: "join" })]) {
    const x = image();
    const branches = ["a", "b"].map((name) =>
      through(x, conv(name, 1), relu(`${name}_relu`), conv(`${name}2`, 3))
    );
    const joined = join.apply(branches) as tf.SymbolicTensor;
    const forms = await formsOf(x, through(joined, norm("bn"), relu("relu")));
    ok(!classesOf(forms).includes("BatchNormalization"));
  }
});

Deno.test("fuse() folds BatchNorm through a global mean into the dense layer, and back into the convolution", async () => {
  const mean = () => tf.layers.globalAveragePooling2d({ name: "mean" });
  const dense = () => tf.layers.dense({ name: "dense", units: 3 });
  const forward = await bothForms(chain([6, 6, 4], relu("relu"), norm("bn"), mean(), dense()));
  assertEquivalent(forward);
  deepEqual(forward.report.regions.map(({ layers }) => layers), [["bn", "mean", "dense"]]);
  const open = await bothForms(chain([null, null, 4], relu("relu"), norm("bn"), mean(), dense()));
  assertEquivalent(open);
  equal(open.report.regions.length, 1);
  const back = await bothForms(chain([6, 6, 4], conv("conv", 3), mean(), norm("bn"), relu("relu")));
  assertEquivalent(back);
  deepEqual(back.report.regions.map(({ layers }) => layers), [["conv", "bn"]]);
});

Deno.test("fuse() takes a linear 1x1 before a global mean behind it, where it is done once", async () => {
  const mean = tf.layers.globalAveragePooling2d({ name: "mean" });
  const { report, ...forms } = await bothForms(
    chain([6, 6, 4], relu("relu"), conv("conv", 1, 8), mean, tf.layers.dense({ name: "dense", units: 3 })),
  );
  assertEquivalent({ report, ...forms });
  deepEqual([report.after.convolutions, report.after.macs], [0, 4 * 3]);
});

Deno.test("fuse() folds BatchNorm through Flatten into a dense layer", async () => {
  const flatten = tf.layers.flatten({ name: "flatten" });
  const forms = await bothForms(
    chain([6, 6, 4], relu("relu"), norm("bn"), flatten, tf.layers.dense({ name: "dense", units: 3 })),
  );
  assertEquivalent(forms);
  deepEqual(forms.report.regions.map(({ layers }) => layers), [["bn", "flatten", "dense"]]);
});

Deno.test("fuse() folds BatchNorm of sequences into dense layers, and parallel ones into one", async () => {
  const x = tf.input({ shape: [5, 4], name: "sequence" });
  const dense = (name: string, units = 4) => tf.layers.dense({ name, units });
  const branches = ["a", "b"].map((name) => through(x, norm(`${name}_bn`), dense(name)));
  const forms = await formsOf(x, through(sum("add", ...branches), relu("relu")));
  deepEqual(classesOf(forms), ["Dense"]);
});

Deno.test("fuse() keeps the activation of a layer whose map goes into the branches before it, and does the map once", async () => {
  const { depthwiseConv2d, separableConv2d } = tf.layers;
  const behind = [
    depthwiseConv2d({ name: "last", kernelSize: 1, activation: "tanh" }),
    depthwiseConv2d({ name: "last", kernelSize: 1, activation: "relu6" }),
    separableConv2d({ name: "last", kernelSize: 1, filters: 4, activation: "tanh" }),
  ];
  for (const layer of behind) {
    const x = image();
    const branches = ["a", "b"].map((name) => through(x, relu(`${name}_relu`), conv(name, 3)));
    const forms = await formsOf(x, through(sum("sum", ...branches), norm("bn"), layer));
    ok(forms.report.regions.length >= 2, layer.getClassName());
  }
});
