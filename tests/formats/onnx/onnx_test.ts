import { fromBinary } from "@bufbuild/protobuf";
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { ModelProtoSchema, TensorProto_DataType as DataType } from "onnx-buf";
import { InputError } from "../../../src/errors.ts";
import { withPrecision } from "../../../src/formats/tfjs/precision.ts";
import { fuse } from "../../../src/formats/tfjs/fuse.ts";
import { startBackend } from "../../../src/kernels/tfjs/backend.ts";
import { BLOCK_KINDS, type NetworkConfig, parseNetworkConfig, withBlock } from "../../../src/model/config.ts";
import { createNetwork } from "../../../src/model/network.ts";
import { artifactsOf } from "../../../src/model/artifacts.ts";
import { randomizeWeights } from "../../model/weights.ts";
import { checkOnnx, differenceInOnnxruntime, hasOnnxChecker, onnxOf } from "./onnx_judges.ts";

await startBackend();

/** Of the logits' scale. */
const TOLERANCE = 1e-5;

const SHAPE = {
  block: "repvgg",
  inputSize: [16, 12, 3],
  classCount: 5,
  stem: { width: 8 },
  stages: [{ depth: 2, width: 8 }, { depth: 2, width: 16 }],
} as const;

const REPVGG = parseNetworkConfig(SHAPE);

const CONFIGS: Record<string, NetworkConfig> = {
  ...Object.fromEntries(BLOCK_KINDS.map((block) => [block, withBlock(REPVGG, block)])),
  ...Object.fromEntries(BLOCK_KINDS.map((block) => {
    const explicit = parseNetworkConfig({ ...SHAPE, padding: "explicit" });
    return [`${block}, explicit padding`, withBlock(explicit, block)];
  })),
  "odd size": parseNetworkConfig({ ...SHAPE, inputSize: [15, 17, 1] }),
  "groups": parseNetworkConfig({ ...SHAPE, groups: 4, groupsEvery: 1 }),
  "depthwise DBB": parseNetworkConfig({ ...SHAPE, block: "dbb", groups: 8, groupsEvery: 2 }),
  "squeeze-and-excitation": parseNetworkConfig({ ...SHAPE, squeezeExcite: true }),
  "postAdditionBn": parseNetworkConfig({ ...SHAPE, postAdditionBn: true }),
  "BatchNorm after padding": parseNetworkConfig({
    ...SHAPE,
    block: "fastvit",
    useBnConv: true,
    bnConvPadding: "afterBn",
  }),
  ...Object.fromEntries(
    (["relu6", "elu", "gelu", "swish", "mish"] as const).map((activation) => [
      activation,
      parseNetworkConfig({ ...SHAPE, activation }),
    ]),
  ),
};

/** Both forms of a network with random statistics. */
async function formsOf(config: NetworkConfig): Promise<Record<"training" | "fused", tf.io.ModelArtifacts>> {
  const model = randomizeWeights(createNetwork(config, { seed: 1 }));
  const training = await artifactsOf(model);
  model.dispose();
  return { training, fused: fuse(training).artifacts };
}

for (const [name, config] of Object.entries(CONFIGS)) {
  Deno.test(`writeOnnx() gives onnxruntime both forms of a network of ${name}`, async () => {
    for (const [form, artifacts] of Object.entries(await formsOf(config))) {
      const difference = await differenceInOnnxruntime(artifacts, config.inputSize, 7);
      assert(difference <= TOLERANCE, `${form}: ${difference}`);
    }
  });
}

Deno.test("writeOnnx() keeps to 1e-5 of the scale over 200 images", async () => {
  for (const artifacts of Object.values(await formsOf(REPVGG))) {
    assert(await differenceInOnnxruntime(artifacts, REPVGG.inputSize, 200) <= TOLERANCE);
  }
});

/** A model of one input of 9x8 images with 4 channels, and what stands behind it. */
async function modelOf(
  layers: (x: tf.SymbolicTensor) => tf.SymbolicTensor | tf.SymbolicTensor[],
  randomize = true,
): Promise<tf.io.ModelArtifacts> {
  const x = tf.input({ shape: [9, 8, 4], name: "image" });
  const model = tf.model({ inputs: x, outputs: layers(x) });
  const artifacts = await artifactsOf(randomize ? randomizeWeights(model) : model);
  model.dispose();
  return artifacts;
}

const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
  layer.apply(x) as tf.SymbolicTensor;
const { layers } = tf;

const LAYERS: Record<string, (x: tf.SymbolicTensor) => tf.SymbolicTensor> = {
  "average pooling, same, stride 2": (x) =>
    apply(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }), x),
  "maximum pooling, same, stride 2": (x) =>
    apply(layers.maxPooling2d({ poolSize: [2, 3], strides: 2, padding: "same" }), x),
  "maximum pooling that leaves a row": (x) => apply(layers.maxPooling2d({ poolSize: 2 }), x),
  "transposed convolution, same": (x) =>
    apply(layers.conv2dTranspose({ filters: 5, kernelSize: [3, 2], strides: 2, padding: "same" }), x),
  "transposed convolution, valid": (x) =>
    apply(layers.conv2dTranspose({ filters: 5, kernelSize: [1, 4], strides: [2, 3] }), x),
  "global maximum pooling": (x) => apply(layers.globalMaxPooling2d({}), x),
  "dilated convolution": (x) =>
    apply(layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: "same" }), x),
  "even kernel, same": (x) =>
    apply(layers.conv2d({ filters: 3, kernelSize: [4, 2], strides: 2, padding: "same" }), x),
  "kernel smaller than stride, same": (x) =>
    apply(layers.conv2d({ filters: 3, kernelSize: 1, strides: 3, padding: "same" }), x),
  "depthwise with a multiplier and activation": (x) =>
    apply(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: "relu6" }), x),
  "flatten and dense": (x) =>
    apply(
      layers.dense({ units: 3, activation: "softmax" }),
      apply(layers.flatten(), apply(layers.conv2d({ filters: 2, kernelSize: 3, activation: "tanh" }), x)),
    ),
  "reshape of images": (x) => apply(layers.reshape({ targetShape: [6, 12, 4] }), x),
  "concatenation of channels": (x) =>
    apply(layers.concatenate(), [x, apply(layers.conv2d({ filters: 2, kernelSize: 1 }), x)]),
  "concatenation of rows": (x) => apply(layers.concatenate({ axis: 1 }), [x, apply(layers.leakyReLU(), x)]),
  "softmax over channels": (x) => apply(layers.softmax({ axis: -1 }), x),
  "average of three": (x) =>
    apply(layers.average(), [x, apply(layers.elu(), x), apply(layers.reLU({ maxValue: 0.5 }), x)]),
  "product of three": (x) =>
    apply(layers.multiply(), [
      x,
      apply(layers.reLU(), x),
      apply(layers.activation({ activation: "sigmoid" }), x),
    ]),
  "maximum": (x) => apply(layers.maximum(), [x, apply(layers.activation({ activation: "hardSigmoid" }), x)]),
  "zero padding of one side": (x) => apply(layers.zeroPadding2d({ padding: [[1, 0], [0, 2]] }), x),
  "separable convolution": (x) =>
    apply(layers.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, activation: "relu" }), x),
  "convolution with a softmax": (x) =>
    apply(layers.conv2d({ filters: 3, kernelSize: 3, activation: "softmax" }), x),
  "rescaling": (x) => apply(layers.rescaling({ scale: 0.5, offset: -3 }), x),
  "flattened pixel": (x) =>
    apply(layers.flatten(), apply(layers.conv2d({ filters: 3, kernelSize: [9, 8] }), x)),
  "dropout": (x) => apply(layers.dropout({ rate: 0.5 }), x),
};

for (const [name, build] of Object.entries(LAYERS)) {
  Deno.test(`writeOnnx() says ${name}`, async () => {
    const artifacts = await modelOf(build);
    const difference = await differenceInOnnxruntime(artifacts, [9, 8, 4], 3);
    assert(difference <= TOLERANCE, String(difference));
  });
}

Deno.test("writeOnnx() says a BatchNorm without scale and centre", async () => {
  const artifacts = await modelOf((x) => {
    const constant = (value: number) => tf.initializers.constant({ value });
    const statistics = { movingMeanInitializer: constant(0.3), movingVarianceInitializer: constant(2) };
    return apply(layers.batchNormalization({ scale: false, center: false, ...statistics }), x);
  }, false);
  assert(await differenceInOnnxruntime(artifacts, [9, 8, 4], 3) <= TOLERANCE);
});

Deno.test("writeOnnx() writes a shared layer's weights once", async () => {
  const artifacts = await modelOf((x) => {
    const shared = layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", name: "shared" });
    return apply(shared, apply(shared, x));
  });
  assert(await differenceInOnnxruntime(artifacts, [9, 8, 4], 3) <= TOLERANCE);
  const { graph } = fromBinary(ModelProtoSchema, onnxOf(artifacts));
  assert.deepEqual(graph!.initializer.map(({ name }) => name), ["shared/kernel", "shared/bias"]);
  assert.deepEqual(graph!.output.map(({ name }) => name), ["shared:1"]);
});

Deno.test("writeOnnx() keeps the names of layers and weights, and moves the axes at the entry alone", async () => {
  const { training, fused } = await formsOf(REPVGG);
  const { graph, opsetImport } = fromBinary(ModelProtoSchema, onnxOf(training));
  assert.deepEqual(opsetImport.map(({ version }) => version), [17n]);
  const nodes = new Set(graph!.node.map(({ name }) => name));
  for (
    const name of ["stage1/block1/conv3x3", "stage1/block1/conv3x3_bn", "stage1/block1/add", "head/dense"]
  ) {
    assert(nodes.has(name), name);
  }
  const initializers = new Set(graph!.initializer.map(({ name }) => name));
  for (const { name } of training.weightSpecs!) assert(initializers.has(name), name);
  assert.deepEqual([graph!.input[0]!.name, graph!.output[0]!.name], ["image", "head/dense"]);
  const transposes = fromBinary(ModelProtoSchema, onnxOf(fused)).graph!.node
    .filter(({ opType }) => opType === "Transpose");
  assert.deepEqual(transposes.map(({ input }) => input), [["image"]]);
});

Deno.test("writeOnnx() leaves the batch open", async () => {
  const { fused } = await formsOf(REPVGG);
  const { graph } = fromBinary(ModelProtoSchema, onnxOf(fused));
  for (const { type } of [...graph!.input, ...graph!.output]) {
    assert(type?.value.case === "tensorType");
    assert.deepEqual(type.value.value.shape?.dim[0]?.value, { case: "dimParam", value: "batch" });
  }
});

Deno.test("writeOnnx() stores float16 kernels as float16 and computes with them", async () => {
  const { training } = await formsOf(REPVGG);
  const half = withPrecision(training, "float16");
  const file = onnxOf(half);
  const { graph } = fromBinary(ModelProtoSchema, file);
  for (const { name, dataType, dims } of graph!.initializer) {
    assert.equal(dataType, dims.length >= 2 ? DataType.FLOAT16 : DataType.FLOAT, name);
  }
  assert(await differenceInOnnxruntime(half, REPVGG.inputSize, 7, file) <= TOLERANCE);
  const rounding = await differenceInOnnxruntime(training, REPVGG.inputSize, 7, file);
  assert(rounding > TOLERANCE && rounding < 1e-2, `half precision costs ${rounding}`);
});

Deno.test("writeOnnx() lists every layer that it cannot write", async () => {
  const artifacts = await modelOf((x) => {
    const a = apply(
      layers.upSampling2d({ interpolation: "bilinear", name: "up" }),
      apply(layers.reLU({ name: "fine" }), x),
    );
    const b = apply(layers.thresholdedReLU({ name: "threshold" }), x);
    return [a, apply(layers.reLU({ name: "behind" }), b)];
  });
  assert.throws(() => onnxOf(artifacts), (error) => {
    assert(error instanceof InputError);
    const [first, ...findings] = error.message.split("\n");
    assert.match(first!, /^Cannot write model\d+ as ONNX:$/);
    assert.deepEqual(findings.sort(), [
      "  - threshold (ThresholdedReLU): RepFuse does not write this layer",
      "  - up (UpSampling2D): RepFuse does not write this layer",
    ]);
    return true;
  });
});

Deno.test("writeOnnx() satisfies the checker of Python's onnx, where that is installed", async (t) => {
  if (!await hasOnnxChecker()) {
    console.log("skipped: Debian's python3-onnx is not installed");
    return;
  }
  const files: Record<string, tf.io.ModelArtifacts> = {};
  for (
    const name of ["repvgg", "mobileone", "dbb, explicit padding", "squeeze-and-excitation", "gelu", "mish"]
  ) {
    for (const [form, artifacts] of Object.entries(await formsOf(CONFIGS[name]!))) {
      files[`${name}, ${form}`] = artifacts;
    }
  }
  files["float16"] = withPrecision((await formsOf(REPVGG)).training, "float16");
  for (const [name, build] of Object.entries(LAYERS)) files[name] = await modelOf(build);
  for (const [name, artifacts] of Object.entries(files)) {
    await t.step(name, async () => assert.equal(await checkOnnx(onnxOf(artifacts)), ""));
  }
});
