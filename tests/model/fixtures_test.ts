import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { writeLayersModel } from "../../src/formats/tfjs/write.ts";
import { torchState } from "../../src/model/torch/write_weights.ts";
import { networkModules } from "../../src/model/torch/modules.ts";
import { importTorchNetwork } from "../../src/model/torch/network.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { createNetwork } from "../../src/model/network.ts";
import { type Graph, weightsOf } from "../../src/graph/graph.ts";
import { graphOf, modelOf } from "./artifacts.ts";
import {
  type Fixture,
  fixtureTensor,
  readFixture,
  readFixtures,
  trainingForm,
  trainingGraph,
} from "./reference_fixture.ts";

/** The fixture whose BatchNorm stands before a zero-padded convolution: its `fused/*` is wrong at the border. */
const WRONG_AT_BORDER = "fastvit-bnconv-53";

/** Largest difference allowed, relative to the largest value of the reference. */
const TOLERANCE = 1e-5;

/** Largest difference from rounding alone, likewise. */
const ROUNDING = 1e-6;

const IMAGES = { imageSize: [32, 32] } as const;

/** The largest |a − b| over the largest |b|. */
function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / scale;
}

function tensor4d({ values, shape }: { values: Float32Array; shape: number[] }): tf.Tensor4D {
  return tf.tensor4d(values, shape as [number, number, number, number]);
}

/** What the model makes of the fixture's input, and its shape. */
function predict(model: tf.LayersModel, fixture: Fixture): { values: Float32Array; shape: number[] } {
  const { values, shape } = fixtureTensor(fixture, "x");
  return tf.tidy(() => {
    const y = model.predict(tf.tensor(values, shape)) as tf.Tensor;
    return { values: y.dataSync() as Float32Array, shape: y.shape };
  });
}

/** The only layer with weights. */
function onlyConvolution(model: tf.LayersModel): tf.layers.Layer {
  const [layer, ...more] = model.layers.filter((layer) => layer.getWeights().length > 0);
  assert.deepEqual(more.map((layer) => layer.name), []);
  return layer!;
}

/** Asserts that kernel and bias of the fused block are those of the reference. */
function assertFusedWeights(model: tf.LayersModel, fixture: Fixture): void {
  const [kernel, bias] = onlyConvolution(model).getWeights().map((weight) =>
    weight.dataSync() as Float32Array
  );
  assert.ok(relativeDifference(kernel!, fixtureTensor(fixture, "fused/weight").values) <= ROUNDING, "kernel");
  assert.ok(relativeDifference(bias!, fixtureTensor(fixture, "fused/bias").values) <= ROUNDING, "bias");
}

/** Our fused form of the model. */
async function fused(model: tf.LayersModel): Promise<tf.LayersModel> {
  return modelOf(fuse(await artifactsOf(model)).artifacts);
}

for (const fixture of readFixtures()) {
  Deno.test(`training form and fused form reproduce ${fixture.name}`, async () => {
    await tf.setBackend("cpu");
    const expected = fixtureTensor(fixture, "y");
    const trained = trainingForm(fixture);
    const imported = await modelOf(writeLayersModel(trainingGraph(fixture)));
    for (const model of [trained, imported, await fused(trained)]) {
      const actual = predict(model, fixture);
      assert.deepEqual(actual.shape, expected.shape);
      const difference = relativeDifference(actual.values, expected.values);
      assert.ok(difference <= TOLERANCE, `differs by ${difference} of the scale`);
    }
  });
}

for (
  const fixture of readFixtures().filter(({ kind, name }) =>
    !kind.endsWith("-net") && kind !== "repvit" && name !== WRONG_AT_BORDER
  )
) {
  Deno.test(`the fused form of ${fixture.name} has the reference's kernel and bias`, async () => {
    assertFusedWeights(await fused(trainingForm(fixture)), fixture);
  });
}

for (const fixture of readFixtures().filter(({ kind }) => kind === "repvit")) {
  Deno.test(`the fused form of ${fixture.name} has the reference's convolutions, in their order`, async () => {
    const names = [...fixture.tensors.keys()].filter((key) => key.startsWith("fused/"));
    const weights = (await fused(trainingForm(fixture))).layers.flatMap((layer) => layer.getWeights());
    assert.equal(weights.length, names.length);
    for (const [i, weight] of weights.entries()) {
      const expected = fixtureTensor(fixture, names[i]!).values;
      assert.ok(relativeDifference(weight.dataSync() as Float32Array, expected) <= ROUNDING, names[i]);
    }
  });
}

Deno.test("the fused FastViT block that pads first has the kernel and bias that the reference fuses to", async () => {
  const fixture = readFixture(WRONG_AT_BORDER);
  assertFusedWeights(await fused(trainingForm(fixture, "beforeBn")), fixture);
});

for (const kind of ["repvgg", "mobileone"]) {
  Deno.test(`${kind} with dilated stages is PyTorch's, in both forms and through its own configuration`, async () => {
    const fixture = readFixture(`net-${kind}`);
    const { strides, dilations, y } = JSON.parse(
      await Deno.readTextFile(new URL(`../fixtures/dilated/${kind}.json`, import.meta.url)),
    ) as { strides: number[]; dilations: number[]; y: number[] };
    const content = { tensors: fixture.state, metadata: {} };
    const { config, graph } = importTorchNetwork(content, { ...IMAGES, strides, dilations });
    const expected = Float32Array.from(y);
    const artifacts = writeLayersModel(graph);
    const training = predict(await modelOf(artifacts), fixture).values;
    assert.ok(relativeDifference(training, expected) <= TOLERANCE);
    const { artifacts: deployed, report } = fuse(artifacts);
    assert.ok(relativeDifference(predict(await modelOf(deployed), fixture).values, expected) <= TOLERANCE);
    // A layer of TensorFlow.js has no dilated depthwise kernel; with zeros between its taps some cost more than their branches.
    assert.deepEqual(
      new Set(report.refusals.map(({ law }) => law)),
      new Set(kind === "repvgg" ? [] : ["cost"]),
    );
    const state = await graphOf(createNetwork(config!, { seed: 1 }));
    const shapes = (graph: Graph) =>
      graph.operations.flatMap(weightsOf).map(({ shape }) => `${shape}`).sort();
    assert.deepEqual(shapes(state), shapes(graph));
    const undilated = importTorchNetwork(content, { ...IMAGES, strides });
    const other = predict(await modelOf(writeLayersModel(undilated.graph)), fixture).values;
    assert.ok(relativeDifference(other, expected) > 0.01, "the dilation makes no difference");
  });
}

for (const name of ["net-repvgg", "net-mobileone"]) {
  Deno.test(`the fused ${name} goes out in PyTorch's deploy names and comes in again, equal`, async () => {
    const fixture = readFixture(name);
    const { config, dialect, graph } = importTorchNetwork({ tensors: fixture.state, metadata: {} }, IMAGES);
    const tensors = torchState(
      readLayersModel(fuse(writeLayersModel(graph)).artifacts),
      networkModules(config!, dialect),
    );
    assert.ok(
      [...tensors.keys()].every((tensor) => /(reparam|reparam_conv|linear)\.(weight|bias)$/.test(tensor)),
    );
    const deployed = importTorchNetwork({ tensors, metadata: {} }, IMAGES);
    assert.equal(deployed.form, "deploy");
    const { values } = predict(await modelOf(writeLayersModel(deployed.graph)), fixture);
    assert.ok(relativeDifference(values, fixtureTensor(fixture, "y").values) <= TOLERANCE);
  });
}

Deno.test("the FastViT block that pads first is the one convolution that the reference fuses to", () => {
  const fixture = readFixture(WRONG_AT_BORDER);
  const kernel = fixtureTensor(fixture, "fused/weight");
  const bias = fixtureTensor(fixture, "fused/bias");
  const x = fixtureTensor(fixture, "x");
  const expected = tf.tidy(() => {
    const convolved = tf.conv2d(tensor4d(x), tensor4d(kernel), 1, "same");
    return convolved.add(tf.tensor(bias.values)).relu().dataSync() as Float32Array;
  });
  const actual = predict(trainingForm(fixture, "beforeBn"), fixture).values;
  assert.ok(relativeDifference(actual, expected) <= ROUNDING);
});

Deno.test("the FastViT block that pads first differs from the reference at the border alone", () => {
  const fixture = readFixture(WRONG_AT_BORDER);
  const reach = 2;
  const y = fixtureTensor(fixture, "y");
  const inside = (values: Float32Array) =>
    tf.tidy(() => {
      const [n, height, width, channels] = y.shape as [number, number, number, number];
      const size = [n, height - 2 * reach, width - 2 * reach, channels];
      return tf.slice(tf.tensor(values, y.shape), [0, reach, reach, 0], size).dataSync() as Float32Array;
    });
  const actual = predict(trainingForm(fixture, "beforeBn"), fixture).values;
  assert.ok(relativeDifference(inside(actual), inside(y.values)) <= TOLERANCE);
  assert.ok(relativeDifference(actual, y.values) > 0.1);
});
