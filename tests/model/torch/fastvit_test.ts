import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { InputError } from "../../../src/errors.ts";
import { permute } from "../../../src/formats/permute.ts";
import { float32Values } from "../../../src/formats/safetensors/float_values.ts";
import { float32Tensor, type RawTensor } from "../../../src/formats/safetensors/write.ts";
import { fuse } from "../../../src/formats/tfjs/fuse.ts";
import { writeLayersModel } from "../../../src/formats/tfjs/write.ts";
import { readTorchCheckpoint } from "../../../src/formats/torch/read.ts";
import { findTorchNetwork } from "../../../src/model/torch/find_network.ts";
import { type ImportedNetwork, importTorchNetwork } from "../../../src/model/torch/network.ts";
import { modelOf } from "../artifacts.ts";

await tf.setBackend("cpu");

/** Made by `tests/fixtures/torch/make.py`: one block, a downsampling, one block. */
const { tensors } = readTorchCheckpoint(
  new Uint8Array(readFileSync(new URL("../../fixtures/torch/fastvit-timm.pth", import.meta.url))),
  "fastvit-timm",
);
const { state } = findTorchNetwork(tensors, undefined, "fastvit-timm");
const [, channels, height, width] = tensors.get("x")!.shape as [number, number, number, number];
const x = permute(float32Values(tensors.get("x")!, "x"), [1, channels, height, width], [0, 2, 3, 1]);
const y = float32Values(tensors.get("y")!, "y");

function imported(tensors: ReadonlyMap<string, RawTensor> = state, options = {}): ImportedNetwork {
  const all = { imageSize: [height, width] as const, source: "net.pth", ...options };
  return importTorchNetwork({ tensors, metadata: {} }, all);
}

async function assertComputes(model: tf.LayersModel | Promise<tf.LayersModel>): Promise<void> {
  const opened = await model;
  const values = tf.tidy(() =>
    (opened.predict(tf.tensor(x, [1, height, width, channels])) as tf.Tensor).dataSync()
  );
  const scale = Math.max(...y.map(Math.abs));
  assert.equal(values.length, y.length);
  values.forEach((value, i) => assert(Math.abs(value - y[i]!) <= 1e-5 * scale, `${value} for ${y[i]}`));
  opened.dispose();
}

Deno.test("importTorchNetwork() computes what PyTorch's FastViT computes, in timm's names, and fuses it", async () => {
  const network = imported();
  assert.deepEqual([network.kind, network.dialect, network.form], ["fastvit", "timm", "training"]);
  const training = writeLayersModel(network.graph);
  await assertComputes(modelOf(training));
  const { artifacts, report } = fuse(training);
  await assertComputes(modelOf(artifacts));
  // Stem 3, downsampling 2, each block its mixer, its 7x7 and both 1x1, the last 1.
  assert.equal(report.after.convolutions, 3 + 2 + 2 * 4 + 1);
});

Deno.test("importTorchNetwork() reads the deploy form of FastViT", () => {
  const deployed = new Map<string, RawTensor>();
  const kernel = (...shape: number[]) =>
    float32Tensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
  for (const [name, tensor] of state) {
    const [, module] =
      /^(.*?)\.(?:conv_kxk|conv_scale|identity|large_conv|small_conv|mixer|norm|layer_scale)\./
        .exec(name) ?? [];
    // The scale behind the mixer goes into it, the one behind the MLP stays.
    if (module === undefined || /^stages\.\d\.blocks\.\d$/.test(module)) deployed.set(name, tensor);
    const first = /^(.*?)\.(?:mixer\.)?(?:conv_kxk\.0|large_conv)\.conv\.weight$/.exec(name)?.[1];
    if (first === undefined) continue;
    deployed.set(`${first}.reparam_conv.weight`, tensor)
      .set(`${first}.reparam_conv.bias`, kernel(tensor.shape[0]!));
  }
  const { form, graph } = imported(deployed);
  assert.equal(form, "deploy");
  assert.equal(graph.operations.filter(({ op }) => op === "convolution").length, 3 + 2 + 2 * 4 + 1);
});

Deno.test("importTorchNetwork() names every damaged tensor of a FastViT, and those alone", () => {
  const damaged = new Map(state);
  damaged.delete("stages.0.blocks.0.token_mixer.norm.identity.running_var");
  damaged.set("stages.1.blocks.0.layer_scale.gamma", float32Tensor(new Float32Array(8), [8]));
  damaged.set("stem.1.extra", float32Tensor(Float32Array.of(1), [1]));
  assert.throws(() => imported(damaged), (error) => {
    assert.ok(error instanceof InputError);
    assert.deepEqual(error.message.split("\n").slice(1), [
      "  - stages.0.blocks.0.token_mixer.norm.identity.running_var [4] is missing",
      "  - stages.1.blocks.0.layer_scale.gamma [8] is surplus: the network has no such tensor",
      "  - stem.1.extra [1] is surplus: the network has no such tensor",
    ]);
    return true;
  });
  assert.throws(() => imported(state, { stemStride: 1 }), /--stem-stride.*: it is FastViT/);
  const headless = new Map([...state].filter(([name]) => !name.startsWith("head.")));
  assert.throws(() => imported(headless), /it is FastViT and its head is missing; .* no head\.fc/);
});
