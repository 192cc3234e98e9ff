import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { acNet } from "../../src/model/blocks/acnet.ts";
import { type BlockPlace, branchNames } from "../../src/model/blocks/block.ts";
import { dbb } from "../../src/model/blocks/dbb.ts";
import { fastVit } from "../../src/model/blocks/fastvit.ts";
import { mobileOne } from "../../src/model/blocks/mobileone.ts";
import { qaRepVgg } from "../../src/model/blocks/qarepvgg.ts";
import { repVgg } from "../../src/model/blocks/repvgg.ts";
import { createDeployNetwork, createNetwork } from "../../src/model/network.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { tfjsLayers } from "../../src/model/tfjs_layers.ts";
import { modelOf } from "./artifacts.ts";
import { networkOf } from "./block_network.ts";

const PLACE: BlockPlace = {
  name: "block",
  filters: 4,
  stride: 1,
  groups: 1,
  padding: "same",
  activation: "relu",
};

const NET = tfjsLayers(1);

type Block = (x: tf.SymbolicTensor) => tf.SymbolicTensor;

/** Names of the block's layers on 8x8 images of 4 channels, without the input and without paddings. */
function layerNames(block: Block): string[] {
  const input = tf.input({ shape: [8, 8, 4] });
  return tf.model({ inputs: input, outputs: block(input) }).layers.slice(1)
    .map((layer) => layer.name.replace("block/", ""))
    .filter((name) => !name.endsWith("pad"))
    .sort();
}

const REPVGG = { branches: { conv1x1: true, identity: true }, squeezeExcite: false, postAdditionBn: false };

Deno.test("repVgg has the branches of the paper, and qaRepVgg those of the other", () => {
  assert.deepEqual(
    layerNames((x) => repVgg.apply(NET, x, PLACE, REPVGG)),
    ["add", "conv1x1", "conv1x1_bn", "conv3x3", "conv3x3_bn", "identity_bn", "relu"],
  );
  assert.deepEqual(
    layerNames((x) => qaRepVgg.apply(NET, x, PLACE, REPVGG)),
    ["add", "add_bn", "conv1x1", "conv3x3", "conv3x3_bn", "relu"],
  );
  assert.deepEqual(
    layerNames((x) => repVgg.apply(NET, x, PLACE, { ...REPVGG, postAdditionBn: true })),
    layerNames((x) => qaRepVgg.apply(NET, x, PLACE, REPVGG)),
  );
});

Deno.test("repVgg puts squeeze-and-excitation between addition and ReLU", () => {
  const input = tf.input({ shape: [8, 8, 4] });
  const output = repVgg.apply(NET, input, { ...PLACE, squeezeExcite: true }, REPVGG);
  const model = tf.model({ inputs: input, outputs: output });
  assert.equal(model.getLayer("block/relu").input, model.getLayer("block/se").output);
  assert.deepEqual(model.getLayer("block/se").input, [
    model.getLayer("block/add").output,
    model.getLayer("block/se_reshape").output,
  ]);
});

Deno.test("repVgg has no identity where the shape changes", () => {
  for (const change of [{ stride: 2 }, { filters: 8 }]) {
    assert.ok(
      !layerNames((x) => repVgg.apply(NET, x, { ...PLACE, ...change }, REPVGG)).includes("identity_bn"),
    );
  }
});

Deno.test("mobileOne is a depthwise and a pointwise part, the scale branch in the first alone", () => {
  const options = { convBranches: 2, scale: true, skip: true };
  assert.deepEqual(layerNames((x) => mobileOne.apply(NET, x, { ...PLACE, filters: 8 }, options)), [
    "depthwise/add",
    "depthwise/conv3x3_1",
    "depthwise/conv3x3_1_bn",
    "depthwise/conv3x3_2",
    "depthwise/conv3x3_2_bn",
    "depthwise/relu",
    "depthwise/scale",
    "depthwise/scale_bn",
    "depthwise/skip_bn",
    "pointwise/add",
    "pointwise/conv1x1_1",
    "pointwise/conv1x1_1_bn",
    "pointwise/conv1x1_2",
    "pointwise/conv1x1_2_bn",
    "pointwise/relu",
  ]);
});

Deno.test("fastVit has one branch per kernel size and the activation of its choice", () => {
  const options = { skipIncludeBn: true, useBnConv: false, bnConvPadding: "beforeBn" as const };
  const place: BlockPlace = { ...PLACE, activation: "gelu" };
  assert.deepEqual(
    layerNames((x) => fastVit.apply(NET, x, place, { ...options, kernelSizes: [3, 7] })),
    ["add", "conv3x3", "conv3x3_bn", "conv7x7", "conv7x7_bn", "gelu", "skip_bn"],
  );
});

Deno.test("dbb has the four branches of the paper, and the depthwise variant of the reference", () => {
  assert.deepEqual(layerNames((x) => dbb.apply(NET, x, PLACE, { kernelSize: 3 })), [
    "add",
    "average",
    "average_1x1",
    "average_1x1_bn",
    "average_bn",
    "conv1x1",
    "conv1x1_bn",
    "origin",
    "origin_bn",
    "relu",
    "sequence_1x1",
    "sequence_1x1_bn",
    "sequence_add",
    "sequence_kxk",
    "sequence_kxk_bn",
  ]);
  assert.deepEqual(layerNames((x) => dbb.apply(NET, x, { ...PLACE, groups: 4 }, { kernelSize: 3 })), [
    "add",
    "average",
    "average_bn",
    "origin",
    "origin_bn",
    "relu",
    "sequence_expand",
    "sequence_expand_bn",
    "sequence_kxk",
    "sequence_kxk_bn",
  ]);
});

Deno.test("dbb doubles the channels inside the sequence of a depthwise block", () => {
  const input = tf.input({ shape: [8, 8, 4] });
  const output = dbb.apply(NET, input, { ...PLACE, groups: 4 }, { kernelSize: 3 });
  const expand = tf.model({ inputs: input, outputs: output }).getLayer("block/sequence_expand");
  assert.deepEqual(expand.outputShape, [null, 10, 10, 8]);
});

Deno.test("acNet has a square, a vertical and a horizontal branch", () => {
  assert.deepEqual(
    layerNames((x) => acNet.apply(NET, x, PLACE, { kernelSize: 3 })),
    ["add", "horizontal", "horizontal_bn", "relu", "square", "square_bn", "vertical", "vertical_bn"],
  );
});

Deno.test("branchNames() numbers a size that occurs several times", () => {
  assert.deepEqual(branchNames([7, 3, 3]), ["conv7x7", "conv3x3_1", "conv3x3_2"]);
});

const BLOCKS: Record<string, unknown>[] = [
  { block: "repvgg" },
  { block: "repvgg", groups: 4, groupsEvery: 1, squeezeExcite: true, postAdditionBn: true },
  { block: "mobileone", stages: [{ depth: 2, width: 16, squeezeExciteBlocks: 1 }] },
  { block: "fastvit", activation: "gelu" },
  { block: "fastvit", useBnConv: true, kernelSizes: [5, 3], groups: 2, groupsEvery: 1 },
  { block: "dbb" },
  { block: "dbb", kernelSize: 5, groups: 8, groupsEvery: 1 },
  { block: "acnet", kernelSize: 5 },
  { block: "qarepvgg", squeezeExcite: true },
  { block: "unireplknet" },
  { block: "unireplknet", kernelSize: 5, groups: 8, groupsEvery: 1 },
  { block: "repvit", activation: "gelu" },
];

for (const block of BLOCKS) {
  Deno.test(`createNetwork() runs ${JSON.stringify(block)} at even and odd sizes, in either padding`, () => {
    for (const size of [11, 12]) {
      for (const padding of ["same", "explicit"] as const) {
        tf.tidy(() => {
          const config = networkOf(block, size, padding);
          const images = tf.randomNormal([1, size, size + 1, 3], 0, 1, "float32", 1);
          for (const create of [createNetwork, createDeployNetwork]) {
            const logits = create(config, { seed: 1 }).predict(images) as tf.Tensor;
            assert.deepEqual(logits.shape, [1, 4]);
            assert.ok(logits.dataSync().every(Number.isFinite));
          }
        });
      }
    }
  });

  Deno.test(`createNetwork() survives saving and loading ${JSON.stringify(block)}`, async () => {
    const model = createNetwork(networkOf(block, 11, "explicit"), { seed: 1 });
    const loaded = await modelOf(await artifactsOf(model));
    tf.tidy(() => {
      const images = tf.randomNormal([1, 11, 12, 3], 0, 1, "float32", 1);
      const [before, after] = [model, loaded].map((form) => (form.predict(images) as tf.Tensor).dataSync());
      assert.deepEqual(after, before);
    });
  });
}
