/**
 * The worked examples of the documents that the project grew from, as tests named after them. Kernels are written HWIO
 * here; the documents write PyTorch's OIHW.
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { add } from "../../src/fuse/add.ts";
import { type Affine, batchNorm, convolution, identity } from "../../src/fuse/affine.ts";
import { POINT } from "../../src/graph/axis.ts";
import { compose } from "../../src/fuse/compose.ts";
import { fuseArtifactsUnder } from "../../src/formats/tfjs/fuse.ts";
import { normals, randomImage, randomMap } from "./arbitrary_maps.ts";
import { toArtifacts, toModel, weightOf } from "./artifacts.ts";
import { assertEquivalent, bothForms, chain, formsOf, sum, through } from "./forms.ts";
import { PLANTED_BUGS } from "./planted_bugs.ts";
import { applyMap } from "./reference.ts";

const { batchNormalization, conv2d, zeroPadding2d } = tf.layers;

/** PyTorch's epsilon, which all the documents use. */
const EPSILON = 1e-5;

/** float64 sums in another order. */
const ROUNDING = 1e-12;

const bn = (name: string) => batchNormalization({ name, epsilon: EPSILON });
const same = (name: string, filters: number, kernelSize: number | [number, number], useBias = true) =>
  conv2d({ name, filters, kernelSize, padding: "same", useBias });

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i]! - expected[i]!) <= tolerance,
      `${actual[i]} at ${i}, expected ${expected[i]}`,
    );
  }
}

/** Sets a layer's weights by the values alone. */
function setWeights(layer: tf.layers.Layer, ...values: number[][]): void {
  tf.tidy(() =>
    layer.setWeights(layer.weights.map((weight, i) => tf.tensor(values[i]!, weight.shape as number[])))
  );
}

// Seed 000: convolutional re-parameterization.

Deno.test("seed 000: a kernel takes the gamma behind it", async () => {
  const forms = await bothForms(
    chain([5, 5, 10], same("conv", 5, 3), tf.layers.depthwiseConv2d({ name: "gamma", kernelSize: 1 })),
  );
  assert.equal(forms.report.after.layers, 1);
  const [kernel, gamma] = [
    weightOf(forms.before, "conv/kernel"),
    weightOf(forms.before, "gamma/depthwise_kernel"),
  ];
  close(weightOf(forms.after, "conv/reparam/kernel"), kernel.map((w, i) => w * gamma[i % 5]!), 1e-7);
  assertEquivalent(forms);
});

Deno.test("seed 000: Conv + BN is one convolution", async () => {
  const forms = await bothForms(chain([32, 32, 16], same("conv", 32, 3, false), bn("bn")));
  assert.deepEqual(forms.report.regions[0]?.layers, ["conv", "bn"]);
  assertEquivalent(forms);
});

Deno.test("seed 000: parallel 3x3, 3x1 and 1x3 convolutions are one", async () => {
  const input = tf.input({ shape: [32, 32, 16] });
  const sizes: [number, number][] = [[3, 3], [3, 1], [1, 3]];
  const branches = sizes.map((size) => through(input, same(`conv${size.join("x")}`, 32, size)));
  const forms = await bothForms(tf.model({ inputs: input, outputs: sum("add", ...branches) }));
  assert.deepEqual(forms.report.regions[0]?.kernelShape, [3, 3, 16, 32]);
  assertEquivalent(forms);
});

Deno.test("seed 000: the identity is a 1x1 convolution with ones on the diagonal", () => {
  const none = randomMap(
    { inChannels: 16, outChannels: 16, groups: 1, axes: [POINT, POINT], hasBias: false },
    1,
  );
  const silent = { ...none, weights: () => ({ kernel: new Float64Array(256), bias: new Float64Array(16) }) };
  const dense = add(identity(16), silent) as Affine;
  assert.deepEqual([dense.groups, dense.axes[0].size], [1, 1]);
  assert.deepEqual(
    dense.weights().kernel,
    Float64Array.from({ length: 256 }, (_, i) => i % 17 === 0 ? 1 : 0),
  );
});

// Seed 001: (bn + conv) and (conv + bn).

const [IN, OUT] = [3, 4];
const statistics = (channels: number) => ({
  gamma: normals(channels, 1, "gamma"),
  beta: normals(channels, 2, "beta"),
  mean: normals(channels, 3, "mean"),
  variance: normals(channels, 4, "variance").map((v) => v * v + 0.1),
  epsilon: EPSILON,
});
const inside = { size: 3, dilation: 1, stride: 1, before: 0, after: 0 };
const anyConvolution = randomMap(
  { inChannels: IN, outChannels: OUT, groups: 1, axes: [inside, inside], hasBias: true },
  5,
);

Deno.test("seed 001: conv + bn has W·γ/√(σ²+ε) and β + γ/√(σ²+ε)·(B − μ)", () => {
  const { gamma, beta, mean, variance } = statistics(OUT);
  const { kernel, bias } = anyConvolution.weights();
  const factor = gamma.map((g, o) => g / Math.sqrt(variance[o]! + EPSILON));
  const fused = (compose(anyConvolution, batchNorm(statistics(OUT))) as Affine).weights();
  close(fused.kernel, kernel.map((w, i) => w * factor[i % OUT]!), ROUNDING);
  close(fused.bias, bias.map((b, o) => beta[o]! + factor[o]! * (b - mean[o]!)), ROUNDING);
});

Deno.test("seed 001: bn + conv has W·γ/√(σ²+ε) and B + ΣW·(β − μ·γ/√(σ²+ε))", () => {
  const { gamma, beta, mean, variance } = statistics(IN);
  const { kernel, bias } = anyConvolution.weights();
  const factor = gamma.map((g, c) => g / Math.sqrt(variance[c]! + EPSILON));
  const input = (i: number) => Math.floor(i / OUT) % IN;
  const fused = (compose(batchNorm(statistics(IN)), anyConvolution) as Affine).weights();
  close(fused.kernel, kernel.map((w, i) => w * factor[input(i)]!), ROUNDING);
  kernel.forEach((w, i) => bias[i % OUT]! += w * (beta[input(i)]! - mean[input(i)]! * factor[input(i)]!));
  close(fused.bias, bias, ROUNDING);
});

for (const useBnConv of [false, true]) {
  Deno.test(`seed 001: the RepBlock of kernels [7, 3] ${useBnConv ? "with bn + conv" : "with conv + bn"} is one 7x7`, async () => {
    const input = tf.input({ shape: [9, 9, 4], name: "image" });
    const branch = (size: number) => {
      const name = `rbr_conv${size}`;
      if (!useBnConv) return through(input, same(name, 4, size, false), bn(`${name}_bn`));
      const padding = zeroPadding2d({ name: `${name}_pad`, padding: (size - 1) / 2 });
      return through(
        input,
        padding,
        bn(`${name}_bn`),
        conv2d({ name, filters: 4, kernelSize: size, useBias: false }),
      );
    };
    const block = sum("add", branch(7), branch(3), through(input, bn("rbr_skip")));
    const forms = await bothForms(tf.model({ inputs: input, outputs: through(block, tf.layers.reLU()) }));
    assert.equal(forms.report.after.layers, 1);
    assert.deepEqual(forms.report.regions[0]?.kernelShape, [7, 7, 4, 4]);
    assertEquivalent(forms);
  });
}

Deno.test("seed 001: branches of different strides cannot merge", () => {
  const strided = randomMap({ ...anyConvolution, axes: [{ ...inside, stride: 2 }, inside] }, 1);
  assert.equal(add(anyConvolution, strided).kind, "refusal");
});

// Seed 002: three stages of a block, on an image of ones.

Deno.test("seed 002: block, three 3x3 convolutions and one convolution give the same", async () => {
  const ones = tf.ones([1, 3, 3, 2]);
  const input = tf.input({ shape: [3, 3, 2], name: "image" });
  const block = (names: readonly tf.layers.Layer[][]) => {
    return tf.model({
      inputs: input,
      outputs: sum("add", ...names.map((layers) => through(input, ...layers))),
    });
  };
  const first = block([
    [same("conv3x3", 2, 3, false), bn("conv3x3_bn")],
    [same("conv1x1", 2, 1, false), bn("conv1x1_bn")],
    [bn("identity_bn")],
  ]);
  const names = ["conv3x3_bn", "conv1x1_bn", "identity_bn"];
  names.forEach((name, i) => {
    const normal = (key: string) => [...normals(2, i, key)];
    setWeights(first.getLayer(name), normal("gamma"), normal("beta"), normal("mean"), [0.5, 0.5]);
  });
  const second = block(names.map((name) => [same(name.replace("_bn", ""), 2, 3, false), bn(name)]));
  for (const name of names) second.getLayer(name).setWeights(first.getLayer(name).getWeights());
  second.getLayer("conv3x3").setWeights(first.getLayer("conv3x3").getWeights());
  const [w00, w01, w10, w11] = first.getLayer("conv1x1").getWeights()[0]!.dataSync();
  const inCentre = (
    ...values: number[]
  ) => [...new Array<number>(16).fill(0), ...values, ...new Array<number>(16).fill(0)];
  setWeights(second.getLayer("conv1x1"), inCentre(w00!, w01!, w10!, w11!));
  setWeights(second.getLayer("identity"), inCentre(1, 0, 0, 1));

  const third = await formsOf(await toArtifacts(first));
  const alsoThird = await formsOf(await toArtifacts(second));
  assert.deepEqual([third.report.after.layers, alsoThird.report.after.layers], [1, 1]);
  const values = [first, second, third.fused, alsoThird.fused].map((form) =>
    (form.predict(ones) as tf.Tensor).dataSync()
  );
  for (const other of values.slice(1)) close(other, values[0]!, 2e-6);
  close(
    weightOf(alsoThird.after, "conv3x3/reparam/kernel"),
    weightOf(third.after, "conv3x3/reparam/kernel"),
    1e-7,
  );
});

Deno.test("seed 002: its fusion drops epsilon, which is the 3.8141 for 3.8140", () => {
  const numbers = { gamma: [1], beta: [0], mean: [0], variance: [0.5], epsilon: EPSILON };
  const [exact, dropped] = [numbers, { ...numbers, epsilon: 0 }].map((bn) =>
    batchNorm(bn).weights().kernel[0]!
  );
  const relative = dropped! / exact! - 1;
  assert.ok(Math.abs(relative - EPSILON / 2 / 0.5) < 1e-9); // 1e-5, so 3.81404 becomes 3.81408
});

// Seed 003: re-parameterization computed by hand.

/** The table that the document prints for either channel. */
const SUMMED = [
  [66, 84, 84, 84, 84, 84, 66],
  [84, 111, 111, 111, 111, 111, 84],
  [84, 111, 111, 111, 111, 111, 84],
  [84, 111, 111, 111, 111, 111, 84],
  [84, 111, 111, 111, 111, 111, 84],
  [84, 111, 111, 111, 111, 111, 84],
  [66, 84, 84, 84, 84, 84, 66],
];

/** The document's image: channel 0 holds ones, channel 1 twos. NHWC [1, 7, 7, 2]. */
const onesAndTwos = () => tf.tensor4d(Array.from({ length: 98 }, (_, i) => 1 + i % 2), [1, 7, 7, 2]);

Deno.test("seed 003: the sum of two 3x3 convolutions is 66, 84, 111 at corner, edge and inside", async () => {
  const input = tf.input({ shape: [7, 7, 2] });
  const added = sum("add", through(input, same("conv1", 2, 3)), through(input, same("conv2", 2, 3)));
  const training = tf.model({ inputs: input, outputs: added });
  setWeights(training.getLayer("conv1"), new Array(36).fill(1), [10, 10]);
  setWeights(training.getLayer("conv2"), new Array(36).fill(2), [20, 20]);
  const { fused, after } = await formsOf(await toArtifacts(training));
  assert.deepEqual([...weightOf(after, "conv1/reparam/kernel")], new Array(36).fill(3));
  assert.deepEqual([...weightOf(after, "conv1/reparam/bias")], [30, 30]);
  for (const form of [training, fused]) {
    const [table] = (form.predict(onesAndTwos()) as tf.Tensor4D).arraySync();
    for (const channel of [0, 1]) {
      assert.deepEqual(table!.map((row) => row.map((pixel) => pixel[channel])), SUMMED);
    }
  }
});

Deno.test("seed 003: BatchNorm makes (50 − 5)·(5/10) + 20 = 42.5 of 50", () => {
  const map = batchNorm({
    gamma: [5, 5],
    beta: [20, 20],
    mean: [5, 5],
    variance: [100, 100],
    epsilon: EPSILON,
  });
  const { kernel, bias } = map.weights();
  assert.ok(Math.abs(50 * kernel[0]! + bias[0]! - 42.5) < 2e-6);
  assert.ok(Math.abs(98 * kernel[1]! + bias[1]! - 66.5) < 3e-6);
});

/** Per channel, rows of its table as the document prints them: bn(conv(x)), and what it fused. */
const PRINTED = [
  {
    lost: 0.1027,
    reference: [
      [16.5714, 11.5451, 11.5955, 11.6459, 11.6962, 11.7466, 0.4305],
      [37.5233, 48.5330, 48.7859, 49.0389, 49.2918, 49.5448, 30.5362],
    ],
    fused: [
      [16.6741, 11.6478, 11.6982, 11.7485, 11.7989, 11.8492, 0.5331],
      [37.6260, 48.6356, 48.8886, 49.1415, 49.3945, 49.6474, 30.6388],
    ],
  },
  {
    lost: 0.0598,
    reference: [
      [13.3822, 3.0390, 2.9962, 2.9534, 2.9106, 2.8678, 7.3584],
      [35.3246, 30.1079, 30.2486, 30.3892, 30.5299, 30.6705, 15.5543],
    ],
    fused: [
      [13.4420, 3.0987, 3.0559, 3.0131, 2.9703, 2.9275, 7.4181],
      [35.3844, 30.1676, 30.3083, 30.4490, 30.5896, 30.7303, 15.6140],
    ],
  },
];

Deno.test("seed 003: its fusion loses the conv bias, which is the 0.1027 and 0.0598 that it takes for rounding", async () => {
  for (const { lost, reference, fused } of PRINTED) {
    const differences = fused.flatMap((row, i) => row.map((value, j) => value - reference[i]![j]!));
    close(differences, differences.map(() => lost), 1.01e-4); // The same at every pixel: a bias.
  }

  const factor = 5 / Math.sqrt(100 + EPSILON);
  const lost = PRINTED.map((channel) => channel.lost);
  const training = chain([7, 7, 2], same("conv", 2, 3), bn("bn"));
  setWeights(training.getLayer("conv"), [...normals(36, 1, "kernel")], lost.map((value) => -value / factor));
  setWeights(training.getLayer("bn"), [5, 5], [20, 20], [5, 5], [100, 100]);
  const artifacts = await toArtifacts(training);
  const image = tf.tensor4d(Array.from({ length: 98 }, (_, i) => i % 2 === 0 ? 50 : 50 + (i - 1) / 2), [
    1,
    7,
    7,
    2,
  ]);
  const expected = (training.predict(image) as tf.Tensor).dataSync();
  const { fused } = await formsOf(artifacts);
  close((fused.predict(image) as tf.Tensor).dataSync(), expected, 1e-4);

  const faulty = await toModel(
    fuseArtifactsUnder(PLANTED_BUGS["the conv bias is zero"]!, artifacts).artifacts,
  );
  const off = (faulty.predict(image) as tf.Tensor).dataSync();
  close(Array.from(off, (value, i) => value - expected[i]!), Array.from(off, (_, i) => lost[i % 2]!), 1e-4);
});

Deno.test("seed 003: the identity convolution gives the image back", () => {
  const centre = { size: 3, dilation: 1, stride: 1, before: 1, after: 1 };
  const kernel = new Float64Array(36);
  kernel[16] = kernel[19] = 1; // [1, 1, i, i]
  const shape = { inChannels: 2, outChannels: 2, groups: 1, axes: [centre, centre] as const, hasBias: false };
  const explicit = convolution(shape, () => ({ kernel, bias: undefined }));
  const nothing = convolution(shape, () => ({ kernel: new Float64Array(36), bias: undefined }));
  assert.deepEqual((add(nothing, identity(2)) as Affine).weights().kernel, kernel);
  const image = onesAndTwos();
  const values = tf.conv2d(image, tf.tensor4d([...explicit.weights().kernel], [3, 3, 2, 2]), 1, "same");
  assert.deepEqual(values.arraySync(), image.arraySync());
});

Deno.test("seed 003: a 1x1 convolution with BatchNorm is a 3x3 with eight zeros", async () => {
  const input = tf.input({ shape: [7, 7, 2] });
  const silent = same("silent", 2, 3);
  const added = sum("add", through(input, silent), through(input, same("conv1x1", 2, 1), bn("bn")));
  const training = tf.model({ inputs: input, outputs: added });
  setWeights(silent, new Array(36).fill(0), [0, 0]);
  const forms = await formsOf(await toArtifacts(training));
  const kernel = [...weightOf(forms.after, "silent/reparam/kernel")];
  assert.deepEqual(kernel.filter((_, i) => i < 16 || i >= 20), new Array(32).fill(0));
  assert.ok(kernel.slice(16, 20).every((weight) => weight !== 0));
  assertEquivalent(forms);
});

// Seed 004: the residual block as one convolution.

/** The document's printed 3x3 weights, OIHW, and biases. */
const PRINTED_WEIGHTS = [
  [[-0.1885, 0.1133, -0.0103, -0.0462, -0.1434, -0.0569, 0.1969, 0.0827, -0.1245]],
  [[0.1554, 0.1459, 0.0405, -0.0806, 0.1438, -0.1319, -0.1495, -0.0960, 0.2193]],
  [[-0.1748, 0.1517, 0.0040, 0.0097, 0.1565, 0.1850, -0.0261, 0.1298, 0.0211]],
  [[-0.0964, -0.0133, -0.0378, 0.0617, -0.2037, 0.0011, -0.0542, -0.1499, 0.0187]],
].flat(); // [o, i] = 00, 01, 10, 11
const PRINTED_BIAS = [0.0560, 0.2200];

Deno.test("seed 004: 3x3 + 1x1 + x is one 3x3 convolution", async () => {
  const input = tf.input({ shape: [9, 9, 2] });
  const [conv3x3, conv1x1] = [same("conv3x3", 2, 3), same("conv1x1", 2, 1)];
  const training = tf.model({
    inputs: input,
    outputs: sum("add", through(input, conv3x3), through(input, conv1x1), input),
  });
  const hwio = Array.from(
    { length: 36 },
    (_, i) => PRINTED_WEIGHTS[(i % 2) * 2 + Math.floor(i / 2) % 2]![Math.floor(i / 4)]!,
  );
  setWeights(conv3x3, hwio, PRINTED_BIAS);
  setWeights(conv1x1, [0.5, -0.25, 0.125, 2], [1, -1]);
  const { fused, after, report } = await formsOf(await toArtifacts(training));
  assert.equal(report.after.layers, 1);
  const expected = [...hwio];
  [1.5, -0.25, 0.125, 3].forEach((value, i) => expected[16 + i]! += value);
  close(weightOf(after, "conv3x3/reparam/kernel"), expected, 1e-7);
  close(weightOf(after, "conv3x3/reparam/bias"), [1.056, -0.78], 1e-7);
  const ones = tf.ones([1, 9, 9, 2]);
  const [a, b] = [training, fused].map((form) => (form.predict(ones) as tf.Tensor).dataSync());
  close(b!, a!, 2e-6);
});

Deno.test("seed 004: a convolution of 2 groups is two convolutions side by side", () => {
  const grouped = randomMap({
    inChannels: 2,
    outChannels: 4,
    groups: 2,
    axes: [inside, inside],
    hasBias: true,
  }, 9);
  const { kernel, bias } = grouped.weights(); // [9 taps, 1, 4]
  const image = randomImage(2, 2);
  const halves = tf.tidy(() => {
    const x = tf.tensor4d([...image.data], [1, image.height, image.width, 2]);
    const parts = tf.split(x, 2, -1).map((half, group) => {
      const ownKernel = [...kernel].filter((_, i) => Math.floor(i % 4 / 2) === group);
      const ownBias = tf.tensor1d([...bias.slice(2 * group, 2 * group + 2)]);
      return tf.conv2d(half as tf.Tensor4D, tf.tensor4d(ownKernel, [3, 3, 1, 2]), 1, "valid").add(ownBias);
    });
    return tf.concat(parts, -1).dataSync();
  });
  close(applyMap(grouped, image).data, halves, 1e-5);
  assert.equal((compose(grouped, identity(4)) as Affine).groups, 2);
});
