/** Artifacts as they come from elsewhere: Keras, quantized, in shards, broken. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { toArtifacts, weightOf } from "./artifacts.ts";
import { assertEquivalent, chain, formsOf } from "./forms.ts";
import { randomizeWeights } from "./random_weights.ts";

const { batchNormalization, conv2d, dense, globalAveragePooling2d, reLU } = tf.layers;

/** conv → bn → relu → pool → head */
async function smallArtifacts(): Promise<tf.io.ModelArtifacts> {
  await tf.setBackend("cpu");
  const model = chain(
    [6, 6, 3],
    conv2d({ name: "conv", filters: 4, kernelSize: 3, padding: "same" }),
    batchNormalization({ name: "bn" }),
    reLU({ name: "relu" }),
    globalAveragePooling2d({ name: "pool" }),
    dense({ name: "head", units: 2 }),
  );
  return randomizeWeights(await toArtifacts(model), 3);
}

/** The artifacts with one weight replaced. */
function withWeight(artifacts: tf.io.ModelArtifacts, name: string, position: number, value: number) {
  const data = (artifacts.weightData as ArrayBuffer).slice(0);
  const specs = artifacts.weightSpecs!;
  const before = specs.slice(0, specs.findIndex((spec) => spec.name === name));
  const offset = before.reduce((sum, spec) => sum + spec.shape.reduce((a, b) => a * b, 1), 0);
  new Float32Array(data)[offset + position] = value;
  return { ...artifacts, weightData: data };
}

Deno.test("fuse() reads what Keras 2 writes", async () => {
  const artifacts = await smallArtifacts();
  const layer = (name: string, className: string, config: object, from: string | null) => ({
    module: "keras.layers",
    registered_name: null,
    name,
    class_name: className,
    config: { name, trainable: true, dtype: "float32", ...config },
    inbound_nodes: from === null ? [] : [[[from, 0, 0, {}]]],
  });
  const modelTopology = {
    keras_version: "2.15.0",
    backend: "tensorflow",
    model_config: {
      class_name: "Functional",
      config: {
        name: "model",
        trainable: true,
        layers: [
          layer(
            "image",
            "InputLayer",
            { batch_input_shape: [null, 6, 6, 3], sparse: false, ragged: false },
            null,
          ),
          layer("conv", "Conv2D", {
            filters: 4,
            kernel_size: [3, 3],
            strides: [1, 1],
            padding: "same",
            data_format: "channels_last",
            dilation_rate: [1, 1],
            groups: 1,
            activation: "linear",
            use_bias: true,
          }, "image"),
          layer("bn", "BatchNormalization", { axis: [3], epsilon: 0.001, center: true, scale: true }, "conv"),
          layer("relu", "ReLU", { max_value: null, negative_slope: [0], threshold: 0 }, "bn"),
          layer("pool", "GlobalAveragePooling2D", { data_format: "channels_last", keepdims: false }, "relu"),
          layer("head", "Dense", { units: 2, activation: "linear", use_bias: true }, "pool"),
        ],
        input_layers: [["image", 0, 0]],
        output_layers: [["head", 0, 0]],
      },
    },
  };
  const forms = await formsOf({ ...artifacts, modelTopology });
  assert.equal(forms.report.after.layers, 3);
  assertEquivalent(forms);
});

Deno.test("fuse() reads weights in shards, cut anywhere", async () => {
  const artifacts = await smallArtifacts();
  const data = artifacts.weightData as ArrayBuffer;
  const cuts = [0, 5, 6, 130, 131, data.byteLength];
  const shards = cuts.slice(1).map((cut, i) => data.slice(cuts[i], cut));
  const whole = fuse(artifacts).artifacts.weightData as ArrayBuffer;
  const fromShards = fuse({ ...artifacts, weightData: shards }).artifacts.weightData as ArrayBuffer;
  assert.deepEqual(new Uint8Array(fromShards), new Uint8Array(whole));
});

for (const dtype of ["uint8", "uint16", "float16"] as const) {
  Deno.test(`fuse() reads ${dtype} weights as TensorFlow.js does, and keeps those that take no part`, async () => {
    const artifacts = await smallArtifacts();
    const weightSpecs = artifacts.weightSpecs!.map((spec) => ({
      ...spec,
      quantization: dtype === "float16" ? { dtype } : { dtype, scale: 0.01, min: 0.02 },
    }));
    const count = weightSpecs.reduce((sum, spec) => sum + spec.shape.reduce((a, b) => a * b, 1), 0);
    const codes = Array.from(
      { length: count },
      (_, i) => dtype === "float16" ? 0x3000 + 37 * i % 0x0fff : 41 * i % 250,
    );
    const weightData = (dtype === "uint8" ? Uint8Array.from(codes) : Uint16Array.from(codes)).buffer;
    const quantized = { ...artifacts, weightSpecs, weightData };
    const forms = await formsOf(quantized);
    assertEquivalent(forms);
    assert.deepEqual(weightOf(forms.after, "head/kernel"), weightOf(quantized, "head/kernel"));
    assert.equal(
      forms.after.weightSpecs!.find((spec) => spec.name === "head/kernel")!.quantization?.dtype,
      dtype,
    );
  });
}

Deno.test("fuse() leaves the optimizer's slots behind", async () => {
  const artifacts = await smallArtifacts();
  const slot = { name: "conv/kernel/m", shape: [2], dtype: "float32" as const, group: "optimizer" as const };
  const data = new Float32Array([...new Float32Array(artifacts.weightData as ArrayBuffer), 1, 2]);
  const fused = fuse({
    ...artifacts,
    weightSpecs: [...artifacts.weightSpecs!, slot],
    weightData: data.buffer,
  });
  assert.ok(fused.artifacts.weightSpecs!.every((spec) => spec.group !== "optimizer"));
  assert.deepEqual(fused.report.before.parameters, fuse(artifacts).report.before.parameters);
});

/** What is broken, how, and what the message has to say. */
const BROKEN: readonly [
  when: string,
  broken: (good: tf.io.ModelArtifacts) => tf.io.ModelArtifacts,
  message: RegExp,
][] = [
  [
    "a kernel holds NaN",
    (good) => withWeight(good, "conv/kernel", 7, NaN),
    /"conv\/kernel" holds NaN at position 7/,
  ],
  ["a bias is infinite", (good) => withWeight(good, "conv/bias", 1, Infinity), /"conv\/bias" holds Infinity/],
  ["the head holds NaN", (good) => withWeight(good, "head/kernel", 0, NaN), /"head\/kernel" holds NaN/],
  [
    "a running mean is NaN",
    (good) => withWeight(good, "bn/moving_mean", 0, NaN),
    /"bn\/moving_mean" holds NaN at position 0/,
  ],
  [
    "a running variance is negative",
    (good) => withWeight(good, "bn/moving_variance", 2, -0.5),
    /running variance of "bn" is -0.5 at channel 2/,
  ],
  [
    "a weight is missing",
    (good) => ({
      ...good,
      weightSpecs: good.weightSpecs!.map((s) => s.name === "bn/gamma" ? { ...s, name: "x/y" } : s),
    }),
    /no weight "bn\/gamma"/,
  ],
  [
    "the weights are cut",
    (good) => ({ ...good, weightData: (good.weightData as ArrayBuffer).slice(0, 100) }),
    /need 552 bytes and the artifacts hold 100/,
  ],
  [
    "the kernel does not fit the input",
    (good) => ({
      ...good,
      weightSpecs: good.weightSpecs!.map((s) => s.name === "conv/kernel" ? { ...s, shape: [3, 3, 4, 3] } : s),
    }),
    /"conv\/kernel" has shape \[3,3,4,3\], which does not fit 3 input channels in 1 group\./,
  ],
  ["there are no weights", ({ weightData: _, ...good }) => good, /have no weights/],
  ["there is no topology", ({ modelTopology: _, ...good }) => good, /no JSON model topology/],
  [
    "it is a GraphModel",
    (good) => ({ ...good, modelTopology: { node: [], versions: {} } }),
    /is a GraphModel/,
  ],
  [
    "a weight is of another type",
    (good) => ({
      ...good,
      weightSpecs: good.weightSpecs!.map((s) =>
        s.name === "conv/kernel" ? { ...s, dtype: "int32" as const } : s
      ),
    }),
    /"conv\/kernel" has type int32, expected float32/,
  ],
  ["a layer reads one that is not there", (good) => rewired(good, "bn", "nowhere"), /no layer "nowhere"/],
  ["a layer reads itself", (good) => rewired(good, "bn", "relu"), /reads itself/],
  [
    "a stride is no number",
    (good) => configured(good, "conv", { strides: "two" }),
    /layer "conv": "strides" is "two", expected one positive integer or two/,
  ],
  [
    "a call of Keras 3 holds no tensor",
    (good) => changed(good, "bn", (layer) => ({ ...layer, inbound_nodes: [{ args: [], kwargs: {} }] })),
    /layer "bn" is called with no tensor/,
  ],
];

for (const [when, broken, message] of BROKEN) {
  Deno.test(`fuse() throws an InputError that says where when ${when}`, async () => {
    const artifacts = broken(await smallArtifacts());
    assert.throws(() => fuse(artifacts), (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

interface JsonLayer {
  readonly name: string;
  readonly config: object;
  readonly inbound_nodes: unknown;
}

/** The artifacts with one layer's JSON changed. */
function changed(
  artifacts: tf.io.ModelArtifacts,
  name: string,
  change: (layer: JsonLayer) => JsonLayer,
): tf.io.ModelArtifacts {
  const topology = structuredClone(artifacts.modelTopology) as { config: { layers: JsonLayer[] } };
  topology.config.layers = topology.config.layers.map((layer) => layer.name === name ? change(layer) : layer);
  return { ...artifacts, modelTopology: topology };
}

function rewired(artifacts: tf.io.ModelArtifacts, name: string, from: string): tf.io.ModelArtifacts {
  return changed(artifacts, name, (layer) => ({ ...layer, inbound_nodes: [[[from, 0, 0, {}]]] }));
}

function configured(artifacts: tf.io.ModelArtifacts, name: string, config: object): tf.io.ModelArtifacts {
  return changed(artifacts, name, (layer) => ({ ...layer, config: { ...layer.config, ...config } }));
}
