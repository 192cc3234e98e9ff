/** The blocks of `examples/`, held against the numbers of their papers' code in PyTorch, and fused with the proof. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { block as ecbsr } from "../../examples/ecbsr.ts";
import { block as mine } from "../../examples/my_block.ts";
import { block as vanillaNet } from "../../examples/vanillanet.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { BN_EPSILON } from "../../src/model/batch_norm.ts";
import type { BlockPlace } from "../../src/model/blocks/block.ts";
import type { Block } from "../../src/model/blocks/define.ts";
import { ownBlock } from "../../src/model/blocks/own.ts";
import { withBlock } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { tfjsLayers } from "../../src/model/tfjs_layers.ts";
import { verifyFusion } from "../../src/proof/tensorflow.ts";
import { modelOf } from "../model/artifacts.ts";
import { networkOf } from "../model/block_network.ts";
import { randomizeWeights } from "../model/weights.ts";
import { type Fixture, fixtureTensor, readFixture } from "../model/reference_fixture.ts";

/** Of the scale: training form and deploy form; kernel and bias. */
const TOLERANCE = 1e-5;
const ROUNDING = 1e-6;

/** Of VanillaNet's BatchNorms. */
const VANILLA_EPSILON = 1e-6;

await tf.setBackend("cpu");

/** A layer's weights: kernel (and bias), or γ, β, mean and variance. */
type Weights = Readonly<Record<string, readonly tf.Tensor[]>>;

function tensorOf(fixture: Fixture, name: string): tf.Tensor {
  const { values, shape } = fixtureTensor(fixture, name);
  return tf.tensor(values, shape);
}

/** A kernel OIHW as HWIO. */
const kernel = (fixture: Fixture, name: string) =>
  tf.transpose(rawTensor(fixture, `state/${name}`), [2, 3, 1, 0]);

const vector = (fixture: Fixture, name: string) => rawTensor(fixture, `state/${name}`).flatten();

function rawTensor({ tensors }: Fixture, name: string): tf.Tensor {
  const { shape, data } = tensors.get(name)!;
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  return tf.tensor(new Float32Array(bytes.slice().buffer), [...shape]);
}

/** A BatchNorm that multiplies and adds. */
function scaleAndBias(scale: tf.Tensor, bias: tf.Tensor): tf.Tensor[] {
  return [scale, bias, tf.zerosLike(bias), tf.fill(bias.shape, 1 - BN_EPSILON)];
}

function weightsOfEcbsr(fixture: Fixture): Weights {
  const ones = (name: string) => tf.onesLike(vector(fixture, name));
  const pair = (name: string) => [kernel(fixture, `${name}.weight`), vector(fixture, `${name}.bias`)];
  const edges = ([["sobel_x", "sbx"], ["sobel_y", "sby"], ["laplace", "lpl"]] as const).flatMap((
    [ours, theirs],
  ) => [
    [`${ours}_1x1`, pair(`conv1x1_${theirs}.k0`)],
    [
      `${ours}_bn`,
      scaleAndBias(vector(fixture, `conv1x1_${theirs}.scale`), vector(fixture, `conv1x1_${theirs}.bias`)),
    ],
  ]);
  return {
    conv3x3: [kernel(fixture, "conv3x3.weight")],
    conv3x3_bn: scaleAndBias(ones("conv3x3.bias"), vector(fixture, "conv3x3.bias")),
    expand: pair("conv1x1_3x3.k0"),
    squeeze: [kernel(fixture, "conv1x1_3x3.k1.weight")],
    squeeze_bn: scaleAndBias(ones("conv1x1_3x3.k1.bias"), vector(fixture, "conv1x1_3x3.k1.bias")),
    ...Object.fromEntries(edges),
  };
}

/** The reference's convolutions have a bias, which its BatchNorm's mean takes up here. */
function weightsOfVanillaNet(fixture: Fixture): Weights {
  const half = (ours: string, theirs: string) => ({
    [ours]: [kernel(fixture, `${theirs}.0.weight`)],
    [`${ours}_bn`]: [
      vector(fixture, `${theirs}.1.weight`),
      vector(fixture, `${theirs}.1.bias`),
      vector(fixture, `${theirs}.1.running_mean`).sub(vector(fixture, `${theirs}.0.bias`)),
      vector(fixture, `${theirs}.1.running_var`).add(VANILLA_EPSILON - BN_EPSILON),
    ],
  });
  return { ...half("conv", "conv1"), ...half("mix", "conv2") };
}

const REFERENCES: Record<string, { block: Block; weights: (fixture: Fixture) => Weights; options: object }> =
  {
    ecbsr: { block: ecbsr, weights: weightsOfEcbsr, options: { depthMultiplier: 2, identity: true } },
    vanillanet: { block: vanillaNet, weights: weightsOfVanillaNet, options: { kernelSize: 1 } },
  };

/** The block with the fixture's weights. */
function modelOfFixture(fixture: Fixture): tf.LayersModel {
  const { metadata, kind } = fixture;
  const { block, weights, options } = REFERENCES[kind]!;
  const size = Number(metadata["size"]);
  const place: BlockPlace = {
    name: "block",
    filters: Number(metadata["out"]),
    stride: 1,
    groups: 1,
    padding: "explicit",
    activation: "relu",
  };
  const input = tf.input({ shape: [size, size, Number(metadata["in"])], name: "image" });
  const given = { ...options, slope: Number(metadata["slope"]) };
  const model = tf.model({ inputs: input, outputs: block.apply(tfjsLayers(1), input, place, given) });
  for (const [layer, tensors] of Object.entries(weights(fixture))) {
    model.getLayer(`block/${layer}`).setWeights([...tensors]);
  }
  return model;
}

function differenceOf(actual: tf.Tensor, expected: tf.Tensor): number {
  assert.deepEqual(actual.shape, expected.shape);
  return tf.div(tf.sub(actual, expected).abs().max(), expected.abs().max()).dataSync()[0]!;
}

const FIXTURES = readdirSync(new URL("../fixtures/examples/", import.meta.url))
  .map((name) => readFixture(`examples/${name.replace(".safetensors", "")}`));

for (const fixture of FIXTURES) {
  Deno.test(`both forms of ${fixture.name} are the reference's`, async () => {
    const model = modelOfFixture(fixture);
    const fused = await modelOf(fuse(await artifactsOf(model)).artifacts);
    const [x, y] = [tensorOf(fixture, "x"), tensorOf(fixture, "y")];
    for (const form of [model, fused]) {
      const difference = differenceOf(form.predict(x) as tf.Tensor, y);
      assert.ok(difference <= TOLERANCE, `differs by ${difference} of the scale`);
    }
    const convolutions = fused.layers.filter((layer) => layer.getWeights().length > 0);
    if (fixture.metadata["slope"] === "0.25") return assert.equal(convolutions.length, 2);
    assert.equal(convolutions.length, 1);
    const [kernel, bias] = convolutions[0]!.getWeights();
    const wide = kernel!.reshape(tensorOf(fixture, "fused/weight").shape);
    assert.ok(differenceOf(wide, tensorOf(fixture, "fused/weight")) <= ROUNDING);
    assert.ok(differenceOf(bias!, tensorOf(fixture, "fused/bias")) <= ROUNDING);
  });
}

const FILE = { path: "block.ts", sha256: "0" };

for (const example of [mine, ecbsr, vanillaNet] as readonly Block[]) {
  Deno.test(`a network of ${example.name} fuses to its plain network, proved at odd and even sizes`, async () => {
    const own = ownBlock({ block: example }, FILE.path);
    for (const [size, padding] of [[11, "same"], [12, "same"], [11, "explicit"], [12, "explicit"]] as const) {
      const config = withBlock(networkOf({ block: "repvgg" }, size, padding), "file", { file: FILE }, own);
      const training = randomizeWeights(createNetwork(config, { seed: 1, own }));
      const fusion = fuse(await artifactsOf(training));
      const fused = await modelOf(fusion.artifacts);
      assert.equal(fused.layers.filter((layer) => /reparam/.test(layer.name)).length >= 4, true);
      const inputs = [tf.randomNormal([2, size, size + 1, 3], 0, 1, "float32", 1)];
      const proof = await verifyFusion({ training, fused, fusion, inputs });
      assert.ok(proof.pass, JSON.stringify(proof));
    }
  });
}

Deno.test("the filters of ecbsr are there from the start, and do not train", () => {
  const own = ownBlock({ block: ecbsr }, FILE.path);
  const config = withBlock(networkOf({ block: "repvgg" }, 8, "same"), "file", { file: FILE }, own);
  const model = createNetwork(config, { seed: 1, own });
  const laplace = model.getLayer("stage1/block2/laplace");
  const [kernel] = laplace.getWeights();
  assert.deepEqual([...tf.slice(kernel!, [0, 0, 0, 0], [3, 3, 1, 1]).dataSync()], [
    0,
    1,
    0,
    1,
    -4,
    1,
    0,
    1,
    0,
  ]);
  assert.deepEqual(laplace.trainableWeights, []);
});

Deno.test("vanillanet's activation fades in the model that holds it", async () => {
  const own = ownBlock({ block: vanillaNet }, FILE.path);
  const config = withBlock(networkOf({ block: "repvgg" }, 8, "same"), "file", { file: FILE, slope: 0 }, own);
  const model = createNetwork(config, { seed: 1, own });
  const convolutions = async () => {
    const fused = await modelOf(fuse(await artifactsOf(model)).artifacts);
    return fused.layers.filter((layer) => layer.getClassName() === "Conv2D").length;
  };
  assert.equal(await convolutions(), 8);
  for (const layer of model.layers) {
    if (/fading$/.test(layer.name)) (layer as unknown as { alpha: number }).alpha = 1;
  }
  assert.equal(await convolutions(), 4);
});
