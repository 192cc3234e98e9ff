import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { toArtifacts, toModel, weightOf } from "./artifacts.ts";
import { assertEquivalent, bothForms, chain, layersOf, sum, through } from "./forms.ts";

const { activation, averagePooling2d, batchNormalization, conv2d, dense, depthwiseConv2d, dropout, flatten } =
  tf.layers;
const { globalAveragePooling2d, leakyReLU, maxPooling2d, reLU, separableConv2d, zeroPadding2d } = tf.layers;

const bn = (name: string) => batchNormalization({ name, epsilon: 1e-5 });
const conv = (name: string, kernelSize: number | [number, number], filters = 4) =>
  conv2d({ name, filters, kernelSize, padding: "same", useBias: false });

Deno.test("fuse() makes one convolution of a block and names it after the block", async () => {
  const input = tf.input({ shape: [6, 6, 4], name: "image" });
  const added = sum(
    "stage1/block1/add",
    through(input, conv("stage1/block1/conv3x3", 3), bn("stage1/block1/conv3x3_bn")),
    through(input, conv("stage1/block1/conv1x1", 1), bn("stage1/block1/conv1x1_bn")),
    through(input, bn("stage1/block1/identity_bn")),
  );
  const output = through(added, reLU({ name: "stage1/block1/relu" }));
  const forms = await bothForms(tf.model({ inputs: input, outputs: output }));
  assert.deepEqual(layersOf(forms.fused), ["stage1/block1/reparam: Conv2D"]);
  assert.equal(forms.fused.layers[1]!.getConfig()["activation"], "relu");
  assertEquivalent(forms);
  const [region] = forms.report.regions;
  assert.deepEqual(region?.kernelShape, [3, 3, 4, 4]);
  assert.equal(region?.layers.length, 7);
  assert.deepEqual(region?.training, { layer: "stage1/block1/relu", node: 0 });
  assert.ok(region!.roundingError > 0 && region!.roundingError < 2 ** -24);
  assert.equal(region?.macsAfter, 36 * 9 * 16);
  assert.equal(region?.macsBefore, 36 * (9 * 16 + 16 + 3 * 4));
});

Deno.test("fuse() keeps layers that take no part, with their names, configurations and weights bit for bit", async () => {
  const model = chain(
    [8, 8, 3],
    conv2d({ name: "stem", filters: 4, kernelSize: 3, activation: "relu" }),
    maxPooling2d({ name: "pool", poolSize: 2 }),
    bn("lonely_bn"),
    activation({ name: "soft", activation: "softplus" }),
    separableConv2d({ name: "separable", filters: 4, kernelSize: 3, activation: "tanh" }),
    flatten({ name: "flat" }),
    dense({ name: "head", units: 3, activation: "softmax" }),
  );
  const { before, after, report } = await bothForms(model);
  type Topology = { config: { layers: { name: string; config: unknown }[] } };
  const configs = ({ modelTopology }: tf.io.ModelArtifacts) => {
    return (modelTopology as Topology).config.layers.map(({ name, config }) => ({ name, config }));
  };
  assert.deepEqual(configs(after), configs(before));
  assert.deepEqual(after.weightSpecs, before.weightSpecs);
  assert.deepEqual(
    new Uint8Array(after.weightData as ArrayBuffer),
    new Uint8Array(before.weightData as ArrayBuffer),
  );
  assert.deepEqual(report.regions, []);
  assert.deepEqual(report.after, report.before);
});

Deno.test("fuse() folds every BatchNorm of inverted residuals, and leaves the residuals", async () => {
  const input = tf.input({ shape: [8, 8, 4], name: "image" });
  const relu6 = (name: string) => reLU({ name, maxValue: 6 });
  const block = (x: tf.SymbolicTensor, name: string, strides: number) => {
    const padding = strides === 2 ? [zeroPadding2d({ name: `${name}_pad`, padding: [[0, 1], [0, 1]] })] : [];
    return through(
      x,
      conv(`${name}_expand`, 1, 12),
      bn(`${name}_expand_bn`),
      relu6(`${name}_expand_relu`),
      ...padding,
      depthwiseConv2d({
        name: `${name}_dw`,
        kernelSize: 3,
        strides,
        padding: strides === 2 ? "valid" : "same",
      }),
      bn(`${name}_dw_bn`),
      relu6(`${name}_dw_relu`),
      conv(`${name}_project`, 1),
      bn(`${name}_project_bn`),
    );
  };
  const first = block(input, "b1", 2);
  const output = sum("add", first, block(first, "b2", 1));
  const forms = await bothForms(tf.model({ inputs: input, outputs: output }));
  assert.deepEqual(layersOf(forms.fused), [
    "b1_expand/reparam: Conv2D",
    "b1_expand/reparam/relu6: ReLU",
    "b1_dw/reparam: DepthwiseConv2D",
    "b1_dw/reparam/relu6: ReLU",
    "b1_project/reparam: Conv2D",
    "b2_expand/reparam: Conv2D",
    "b2_expand/reparam/relu6: ReLU",
    "b2_dw/reparam: DepthwiseConv2D",
    "b2_dw/reparam/relu6: ReLU",
    "b2_project/reparam: Conv2D",
    "add: Add",
  ]);
  assert.equal(forms.fused.getLayer("b1_dw/reparam").getConfig()["padding"], "same");
  assertEquivalent(forms);
});

Deno.test("fuse() leaves the artifacts that it was given as they are", async () => {
  const artifacts = await toArtifacts(chain([6, 6, 2], conv("a", 3), bn("b"), reLU()));
  const copy = structuredClone(artifacts);
  fuse(artifacts);
  assert.deepEqual(artifacts, copy);
});

Deno.test("fuse() puts an activation into the convolution before it, where a Conv2D can carry it", async () => {
  const cases: [tf.layers.Layer, string | undefined][] = [
    [reLU({ name: "act" }), "relu"],
    // TensorFlow.js computes it slowly as the activation of a layer.
    [reLU({ name: "act", maxValue: 6 }), undefined],
    [activation({ name: "act", activation: "swish" }), "swish"],
    [activation({ name: "act", activation: "hardSigmoid" }), "hardSigmoid"],
    [reLU({ name: "act", maxValue: 3 }), undefined],
    [leakyReLU({ name: "act" }), undefined],
  ];
  for (const [layer, expected] of cases) {
    const forms = await bothForms(chain([5, 5, 2], conv("conv", 3), bn("bn"), layer));
    assertEquivalent(forms);
    assert.equal(forms.fused.layers.length, expected === undefined ? 3 : 2);
    assert.equal(forms.fused.layers[1]!.getConfig()["activation"], expected ?? "linear");
  }
});

Deno.test("fuse() keeps a depthwise convolution with its multiplier depthwise", async () => {
  const forms = await bothForms(chain(
    [6, 6, 3],
    depthwiseConv2d({ name: "dw", kernelSize: 3, depthMultiplier: 2, padding: "same" }),
    bn("bn"),
    reLU(),
  ));
  assert.deepEqual(layersOf(forms.fused), ["dw/reparam: DepthwiseConv2D"]);
  assert.deepEqual(forms.report.regions[0]?.kernelShape, [3, 3, 1, 6]);
  assertEquivalent(forms);
});

Deno.test("fuse() fuses a block that it has never seen", async () => {
  const input = tf.input({ shape: [9, 7, 3], name: "image" });
  const depthwise = (name: string, kernelSize: [number, number]) =>
    depthwiseConv2d({ name, kernelSize, padding: "same", useBias: false });
  const cross = sum(
    "cross",
    through(input, depthwise("row", [1, 3]), bn("row_bn")),
    through(input, depthwise("column", [3, 1]), bn("column_bn")),
    through(input, dropout({ rate: 0.5, name: "drop" }), bn("skip_bn")),
  );
  const smooth = through(
    input,
    zeroPadding2d({ name: "frame", padding: 1 }),
    bn("frame_bn"),
    averagePooling2d({ name: "mean", poolSize: 3, strides: 1 }),
    tf.layers.rescaling({ scale: 0.25, offset: -1, name: "quarter" }),
  );
  const both = sum("sum", through(cross, bn("cross_bn")), smooth, input);
  const forms = await bothForms(tf.model({ inputs: input, outputs: through(both, reLU()) }));
  assert.equal(forms.fused.layers.length, 2);
  assert.deepEqual(forms.report.regions[0]?.kernelShape, [3, 3, 1, 3]);
  assertEquivalent(forms);
});

Deno.test("fuse() merges a 1x1 before a kxk where the parallel branch takes it in", async () => {
  const input = tf.input({ shape: [6, 6, 4], name: "image" });
  const padded = through(input, zeroPadding2d({ name: "pad", padding: 1 }));
  const valid = { kernelSize: 3, filters: 4, useBias: false };
  const added = sum(
    "add",
    through(padded, conv2d({ name: "plain", ...valid }), bn("plain_bn")),
    through(padded, conv("narrow", 1, 1), bn("narrow_bn"), conv2d({ name: "wide", ...valid }), bn("wide_bn")),
  );
  const forms = await bothForms(tf.model({ inputs: input, outputs: through(added, reLU()) }));
  assert.equal(forms.fused.layers.length, 2);
  assertEquivalent(forms);
});

Deno.test("fuse() merges what it can of an addition that stays", async () => {
  const input = tf.input({ shape: [6, 6, 4], name: "image" });
  const added = sum(
    "block/add",
    through(input, conv("block/a", 3), bn("block/a_bn")),
    through(input, maxPooling2d({ name: "block/pool", poolSize: 3, strides: 1, padding: "same" })),
    through(input, conv("block/b", 1), bn("block/b_bn")),
  );
  const forms = await bothForms(tf.model({ inputs: input, outputs: added }));
  assert.equal(forms.report.after.convolutions, 1);
  assert.deepEqual(forms.report.refusals.map((refusal) => refusal.layer), ["block/add"]);
  assertEquivalent(forms);
});

Deno.test("fuse() adds a tensor to itself", async () => {
  const input = tf.input({ shape: [4, 4, 2], name: "image" });
  const x = through(input, conv("conv", 3));
  const forms = await bothForms(tf.model({ inputs: input, outputs: sum("twice", x, x) }));
  assert.equal(forms.fused.layers.length, 2);
  assertEquivalent(forms);
});

Deno.test("fuse() gives names that are unique", async () => {
  const model = chain(
    [6, 6, 2],
    conv("a", 3),
    bn("b"),
    reLU({ name: "a/reparam" }),
    conv("a/x", 3),
    bn("a/y"),
    reLU(),
  );
  const forms = await bothForms(model);
  assert.equal(new Set(forms.fused.layers.map((layer) => layer.name)).size, 3);
  assertEquivalent(forms);
});

Deno.test("fuse() reads a Sequential model", async () => {
  const model = tf.sequential({
    layers: [conv2d({ filters: 3, kernelSize: 3, inputShape: [7, 7, 2] }), bn("bn"), reLU()],
  });
  const forms = await bothForms(model);
  assert.equal(forms.report.after.layers, 1);
  assertEquivalent(forms);
});

Deno.test("fuse() takes nested models apart, and a nested model that is called twice twice", async () => {
  const inner = tf.sequential({ name: "inner" });
  inner.add(conv2d({ name: "conv", filters: 2, kernelSize: 3, padding: "same", inputShape: [6, 6, 2] }));
  inner.add(bn("bn"));
  const outer = tf.sequential({ name: "outer", layers: [inner, reLU({ name: "relu" })] });
  const input = tf.input({ shape: [6, 6, 2], name: "image" });
  const forms = await bothForms(
    tf.model({ inputs: input, outputs: through(input, outer, reLU({ name: "relu" }), outer) }),
  );
  assert.equal(forms.report.before.layers, 4);
  assert.equal(forms.report.after.convolutions, 2);
  assert.ok(forms.report.regions.every((region) => region.nested));
  assertEquivalent(forms);
});

Deno.test("fuse() keeps a shared layer shared where it does not merge", async () => {
  const shared = conv("shared", 3, 2);
  const input = tf.input({ shape: [6, 6, 2], name: "image" });
  const output = through(
    input,
    shared,
    reLU({ name: "r1", maxValue: 1 }),
    shared,
    leakyReLU({ name: "r2" }),
    shared,
  );
  const forms = await bothForms(tf.model({ inputs: input, outputs: output }));
  assert.equal(forms.report.after.convolutions, 1);
  assert.equal(forms.report.after.parameters, forms.report.before.parameters);
  assertEquivalent(forms);
});

Deno.test("fuse() numbers the calls of a shared layer as LayersModel.fromConfig makes them", async () => {
  const shared = leakyReLU({ name: "shared" });
  const input = tf.input({ shape: [6, 6, 2], name: "image" });
  const deep = through(
    input,
    conv("a", 3, 2),
    maxPooling2d({ poolSize: 1 }),
    conv("b", 3, 2),
    maxPooling2d({ poolSize: 1 }),
  );
  const outputs = [through(deep, shared), through(input, shared)];
  const model = tf.model({ inputs: input, outputs });
  const artifacts = await toArtifacts(model);
  const fused = await toModel(fuse(artifacts).artifacts);
  tf.tidy(() => {
    const image = tf.randomNormal([1, 6, 6, 2]);
    const [expected, found] = [model, fused].map((form) => form.predict(image) as tf.Tensor[]);
    assert.deepEqual(found!.map((y) => y.arraySync()), expected!.map((y) => y.arraySync()));
  });
});

Deno.test("fuse() keeps the order of several inputs and outputs", async () => {
  const [a, b] = ["a", "b"].map((name) => tf.input({ shape: [5, 5, 2], name })) as [
    tf.SymbolicTensor,
    tf.SymbolicTensor,
  ];
  const mixed = sum("sum", through(b, conv("conv_b", 3, 2)), through(a, conv("conv_a", 1, 2), bn("bn_a")));
  const outputs = [through(mixed, reLU()), through(b, globalAveragePooling2d({})), through(a, bn("out_bn"))];
  const forms = await bothForms(tf.model({ inputs: [b, a], outputs }));
  assert.deepEqual(forms.fused.inputNames.length, 2);
  assertEquivalent(forms);
});

Deno.test("fuse() gives an output that is an input or a layer that does nothing", async () => {
  const input = tf.input({ shape: [3, 3, 1], name: "image" });
  const outputs = [through(input, dropout({ rate: 0.3 })), through(input, dropout({ rate: 0.6 }))];
  assertEquivalent(await bothForms(tf.model({ inputs: input, outputs })));
});

Deno.test("fuse() fuses what has no stride where height and width are open", async () => {
  const forms = await bothForms(
    chain([null, null, 3], conv("a", 3), bn("b"), reLU(), conv("c", [1, 5]), bn("d")),
  );
  assert.equal(forms.report.after.layers, 2);
  assert.equal(forms.report.after.macs, null);
  assertEquivalent(forms, 5);
  assertEquivalent(forms, 8);
});

Deno.test("fuse() keeps explicit padding that no mode gives as a layer of its own", async () => {
  const model = chain(
    [8, 8, 2],
    zeroPadding2d({ padding: 1 }),
    conv2d({ filters: 2, kernelSize: 3, strides: 2 }),
    bn("bn"),
  );
  const forms = await bothForms(model);
  assert.deepEqual(forms.fused.layers.slice(1).map((layer) => layer.getClassName()), [
    "ZeroPadding2D",
    "Conv2D",
  ]);
  assertEquivalent(forms);
});

Deno.test("fuse() turns explicit padding into a padding mode where one gives the same", async () => {
  const model = chain(
    [9, 9, 2],
    zeroPadding2d({ padding: 1 }),
    conv2d({ filters: 2, kernelSize: 3, strides: 2 }),
    bn("bn"),
  );
  const forms = await bothForms(model);
  assert.equal(forms.fused.layers[1]!.getConfig()["padding"], "same");
  assert.equal(forms.fused.layers.length, 2);
  assertEquivalent(forms);
});

Deno.test("fuse() reports plain data", async () => {
  const { report } = await bothForms(chain([null, null, 2], conv("a", 3), bn("b"), reLU()));
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

Deno.test("fuse() counts layers, convolutions, parameters, MACs and bytes", async () => {
  const model = chain(
    [6, 6, 3],
    conv("a", 3, 4),
    bn("b"),
    reLU(),
    globalAveragePooling2d({}),
    dense({ units: 10 }),
  );
  const { report: { before, after } } = await bothForms(model);
  const parameters = 3 * 3 * 3 * 4 + 4 * 4 + 4 * 10 + 10;
  assert.deepEqual(before, {
    layers: 5,
    convolutions: 1,
    parameters,
    macs: 36 * (9 * 3 * 4 + 4) + 40,
    bytes: 4 * parameters,
  });
  assert.equal(after.layers, 3);
  assert.equal(after.parameters, parameters - 12);
  assert.equal(after.macs, 36 * 9 * 3 * 4 + 40);
});

Deno.test("fuse() adds float64 numbers and rounds once", async () => {
  const input = tf.input({ shape: [2, 2, 1], name: "image" });
  const branch = (name: string) => conv2d({ name, filters: 1, kernelSize: 1, useBias: false });
  const added = sum("add", ...["a", "b", "c"].map((name) => through(input, branch(name))));
  const artifacts = await toArtifacts(tf.model({ inputs: input, outputs: added }));
  const data = new Float32Array([1, 2 ** -24, 2 ** -24]); // In float32, 1 + 2⁻²⁴ is 1.
  const fused = fuse({ ...artifacts, weightData: data.buffer }).artifacts;
  assert.equal(
    weightOf(fused, "a/reparam/kernel")[0],
    1 + 2 ** -23,
  );
});
