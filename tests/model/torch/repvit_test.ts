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
import { importTorchNetwork } from "../../../src/model/torch/network.ts";
import { modelOf } from "../artifacts.ts";

await tf.setBackend("cpu");

/** A checkpoint of `tests/fixtures/torch/make.py`: the network, an input NCHW, and what PyTorch makes of it. */
function fixture(name: string) {
  const bytes = readFileSync(new URL(`../../fixtures/torch/${name}.pth`, import.meta.url));
  const { tensors } = readTorchCheckpoint(new Uint8Array(bytes), name);
  const { state } = findTorchNetwork(tensors, undefined, name);
  const [, channels, height, width] = tensors.get("x")!.shape as [number, number, number, number];
  const x = permute(float32Values(tensors.get("x")!, "x"), [1, channels, height, width], [0, 2, 3, 1]);
  const y = float32Values(tensors.get("y")!, "y");
  return { state, x, y, imageSize: [height, width] as const, shape: [1, height, width, channels] };
}

function refusal(state: ReadonlyMap<string, RawTensor>, options = {}): InputError {
  try {
    importTorchNetwork({ tensors: state, metadata: {} }, { ...options, source: "net.pth" });
  } catch (error) {
    assert(error instanceof InputError);
    return error;
  }
  throw new assert.AssertionError({ message: "the state was accepted" });
}

for (const [name, dialect] of [["repvit", "reference"], ["repvit-timm", "timm"]] as const) {
  Deno.test(`importTorchNetwork() computes what PyTorch's RepViT computes, in the names of ${name}, and fuses it`, async () => {
    const { state, x, y, imageSize, shape } = fixture(name);
    const network = importTorchNetwork({ tensors: state, metadata: {} }, { imageSize });
    assert.deepEqual([network.kind, network.dialect, network.form], ["repvit", dialect, "training"]);
    const training = writeLayersModel(network.graph);
    const { artifacts, report } = fuse(training);
    for (const model of [await modelOf(training), await modelOf(artifacts)]) {
      const values = tf.tidy(() => (model.predict(tf.tensor(x, shape)) as tf.Tensor).dataSync());
      const scale = Math.max(...y.map(Math.abs));
      assert.equal(values.length, y.length);
      values.forEach((value, i) => assert(Math.abs(value - y[i]!) <= 1e-5 * scale, `${value} for ${y[i]}`));
      model.dispose();
    }
    // Stem 2, blocks 3 times 3, downsampling 4; both 1x1 of each block stay behind the one depthwise convolution.
    assert.equal(report.after.convolutions, 2 + 3 * 3 + 4);
  });
}

Deno.test("importTorchNetwork() takes a RepViT that was not distilled, and says where a head is missing", () => {
  const { state, imageSize } = fixture("repvit");
  const single = new Map([...state].filter(([name]) => !name.includes("classifier_dist")));
  const { graph } = importTorchNetwork({ tensors: single, metadata: {} }, { imageSize });
  assert(!graph.operations.some(({ op }) => op === "average"));
  const none = new Map([...state].filter(([name]) => !name.startsWith("classifier")));
  assert.match(refusal(none).message, /it is RepViT and its head is missing; .* no classifier\.classifier/);
});

Deno.test("importTorchNetwork() reads the deploy form of RepViT", () => {
  const { imageSize } = fixture("repvit");
  const kernel = (...shape: number[]) =>
    float32Tensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
  const state = new Map<string, RawTensor>();
  const add = (name: string, ...shape: number[]) => {
    state.set(`${name}.weight`, kernel(...shape)).set(`${name}.bias`, kernel(shape[0]!));
  };
  add("features.0.0", 4, 3, 3, 3);
  add("features.0.2", 6, 4, 3, 3);
  add("features.1.token_mixer.0", 6, 1, 3, 3);
  add("features.1.channel_mixer.m.0", 12, 6, 1, 1);
  add("features.1.channel_mixer.m.2", 6, 12, 1, 1);
  add("classifier.classifier", 3, 6);
  const { form, graph } = importTorchNetwork({ tensors: state, metadata: {} }, { imageSize });
  assert.equal(form, "deploy");
  const groups = graph.operations.flatMap((operation) =>
    operation.op === "convolution" ? [operation.groups] : []
  );
  assert.deepEqual(groups, [1, 1, 6, 1, 1]);
});

Deno.test("importTorchNetwork() names every damaged tensor of a RepViT, and those alone", () => {
  const { state, imageSize } = fixture("repvit");
  const damaged = new Map(state);
  damaged.delete("features.1.token_mixer.0.conv.bn.running_var");
  const mlp = state.get("features.4.channel_mixer.m.0.c.weight")!;
  damaged.set("features.4.channel_mixer.m.0.c.weight", { ...mlp, shape: [...mlp.shape].toReversed() });
  damaged.set("features.9.extra", float32Tensor(Float32Array.of(1), [1]));
  assert.deepEqual(refusal(damaged, { imageSize }).message.split("\n").slice(1), [
    "  - features.1.token_mixer.0.conv.bn.running_var [6] is missing",
    "  - features.4.channel_mixer.m.0.c.weight has shape [1,1,8,16], expected [16,8,1,1]",
    "  - features.9.extra [1] is surplus: the network has no such tensor",
  ]);
  assert.match(refusal(state, { imageSize, stemStride: 1 }).message, /--stem-stride.*: it is RepViT/);
});

Deno.test("importTorchNetwork() says what a network is that it does not know, and that its ONNX file serves", () => {
  const one = float32Tensor(Float32Array.of(1), [1]);
  const cases: [names: string[], what: RegExp][] = [
    [
      ["stem.0.conv_kxk.0.conv.weight", "stages.3.blocks.0.token_mixer.qkv.weight", "head.fc.bias"],
      /FastViT with attention/,
    ],
    [
      ["patch_embed.0.rbr_conv.0.conv.weight", "network.0.0.token_mixer.norm.rbr_skip.weight"],
      /FastViT in the names of its authors/,
    ],
    [["conv1.weight", "layer1.0.conv1.weight", "fc.bias"], /ResNet/],
    [["features.0.0.weight", "features.1.conv.0.0.weight"], /torchvision/],
    [["cls_token", "blocks.0.attn.qkv.weight"], /a transformer/],
  ];
  for (const [names, what] of cases) {
    const { message, hint } = refusal(new Map(names.map((name) => [name, one])));
    assert.match(message, what);
    assert.match(hint!, /torch\.onnx\.export/);
  }
});
