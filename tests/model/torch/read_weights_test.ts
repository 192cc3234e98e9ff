import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import {
  float32Tensor,
  type RawTensor,
  type SafetensorsContent,
  writeSafetensors,
} from "../../../src/formats/safetensors/write.ts";
import { torchState, writeTorchSafetensors } from "../../../src/model/torch/write_weights.ts";
import { readTorchCheckpoint } from "../../../src/formats/torch/read.ts";
import { readSafetensors } from "../../../src/formats/safetensors/read.ts";
import { torchWeights } from "../../../src/model/torch/read_weights.ts";
import { torchTensors } from "../../../src/model/torch/tensors.ts";
import { computedWeight } from "../../../src/graph/weights.ts";
import { type Graph, sizeOf, weightsOf } from "../../../src/graph/graph.ts";
import { writeLayersModel } from "../../../src/formats/tfjs/write.ts";
import { networkGraph } from "../../../src/model/graph_network.ts";
import { graphOf, modelOf } from "../artifacts.ts";
import { networkModules, type TorchDialect } from "../../../src/model/torch/modules.ts";
import { importTorchNetwork } from "../../../src/model/torch/network.ts";
import type { NetworkForm } from "../../../src/model/architecture.ts";
import { BLOCK_KINDS, type NetworkConfig, parseNetworkConfig, withBlock } from "../../../src/model/config.ts";
import { createDeployNetwork, createNetwork } from "../../../src/model/network.ts";
import { networkConfig, readFixture } from "../reference_fixture.ts";
import { randomizeWeights } from "../weights.ts";

const SHAPE = {
  inputSize: [32, 32, 3],
  classCount: 10,
  padding: "explicit",
  stem: { width: 8 },
  stages: [{ depth: 2, width: 8 }, { depth: 3, width: 16 }],
};

const CONFIGS: Record<string, NetworkConfig> = {
  "RepVGG": parseNetworkConfig({ ...SHAPE, block: "repvgg" }),
  "RepVGG with groups": parseNetworkConfig({ ...SHAPE, block: "repvgg", groups: 4 }),
  "RepVGG with every block grouped": parseNetworkConfig({
    ...SHAPE,
    block: "repvgg",
    groups: 2,
    groupsEvery: 1,
  }),
  "RepVGG with squeeze-and-excitation": parseNetworkConfig({
    ...SHAPE,
    block: "repvgg",
    squeezeExcite: true,
  }),
  "RepVGG without 1x1": parseNetworkConfig({ ...SHAPE, block: "repvgg", branches: { conv1x1: false } }),
  "MobileOne": parseNetworkConfig({ ...SHAPE, block: "mobileone", convBranches: 3 }),
  "MobileOne with squeeze-and-excitation": parseNetworkConfig({
    ...SHAPE,
    block: "mobileone",
    convBranches: 1,
    stages: [{ depth: 2, width: 8 }, { depth: 3, width: 16, squeezeExciteBlocks: 2 }],
  }),
};

const IMAGES = { imageSize: [32, 32] } as const;

function withoutMetadata(tensors: ReadonlyMap<string, RawTensor>): SafetensorsContent {
  return { tensors, metadata: {} };
}

/** The network with ones for weights. */
function withOnes(graph: Graph): Graph {
  const refs = graph.operations.flatMap(weightsOf);
  const ones = (shape: readonly number[]) => computedWeight(shape, new Float32Array(sizeOf(shape)).fill(1));
  return { ...graph, weights: new Map(refs.map(({ name, shape }) => [name, ones(shape)])) };
}

const CREATE = { training: createNetwork, deploy: createDeployNetwork };

/** Logits of a fixed random batch. */
function logits(model: tf.LayersModel): Float32Array {
  return tf.tidy(() => {
    const images = tf.randomNormal([2, 32, 32, 3], 0, 1, "float32", 3);
    return (model.predict(images) as tf.Tensor).dataSync() as Float32Array;
  });
}

for (const [name, config] of Object.entries(CONFIGS)) {
  for (const dialect of ["reference", "timm"] satisfies TorchDialect[]) {
    for (const form of ["training", "deploy"] as const) {
      Deno.test(`importTorchNetwork() finds ${name} again, ${form} form, ${dialect} names`, async () => {
        const model = randomizeWeights(CREATE[form](config, { seed: 1 }));
        const tensors = torchState(await graphOf(model), networkModules(config, dialect));
        const file = writeSafetensors({ tensors, metadata: {} });
        const found = importTorchNetwork(readSafetensors(file), IMAGES);
        assert.deepEqual([found.dialect, found.form], [dialect, form]);
        if (form === "training") assert.deepEqual(found.config, config);
        assert.deepEqual(logits(await modelOf(writeLayersModel(found.graph))), logits(model));
      });
    }
  }
}

for (const block of BLOCK_KINDS) {
  Deno.test(`importTorchNetwork() takes the architecture from a file of our own, ${block} and both forms`, async () => {
    const config = withBlock(parseNetworkConfig({ ...SHAPE, block: "repvgg", activation: "swish" }), block);
    for (const form of ["training", "deploy"] as const) {
      const model = randomizeWeights(CREATE[form](config, { seed: 1 }));
      const found = importTorchNetwork(readSafetensors(writeTorchSafetensors(await graphOf(model), config)));
      assert.deepEqual([found.config, found.form], [config, form]);
      assert.deepEqual(logits(await modelOf(writeLayersModel(found.graph))), logits(model));
    }
  });
}

Deno.test("importTorchNetwork() takes a person's word for sizes and strides before that of the file", () => {
  const config = parseNetworkConfig({ ...SHAPE, block: "repvgg" });
  const file = readSafetensors(writeTorchSafetensors(withOnes(networkGraph(config, "training")), config));
  const told = { imageSize: [48, 48], stemStride: 1, strides: [2, 1] } as const;
  assert.deepEqual(importTorchNetwork(file, told).config, {
    ...config,
    inputSize: [48, 48, 3],
    stem: { ...config.stem, stride: 1 },
    stages: config.stages.map((stage, i) => ({ ...stage, stride: told.strides[i]! })),
  });
});

Deno.test("importTorchNetwork() refuses an architecture that is not one", () => {
  const { state } = readFixture("net-repvgg");
  for (const architecture of ["{", "{}", "3"]) {
    assert.throws(() => importTorchNetwork({ tensors: state, metadata: { architecture } }), InputError);
  }
});

Deno.test("writeTorchSafetensors() refuses a network that PyTorch would pad otherwise", () => {
  const write = (inputSize: number[], padding: string) => {
    const config = parseNetworkConfig({ ...SHAPE, block: "repvgg", inputSize, padding });
    return writeTorchSafetensors(withOnes(networkGraph(config, "deploy")), config);
  };
  assert.throws(() => write([32, 32, 3], "same"), /stride 2 on 32 pixels/);
  assert.throws(() => write([33, 31, 3], "same"), /stride 2 on 16 pixels/);
  write([33, 33, 3], "same");
  write([32, 32, 3], "explicit");
});

Deno.test("importTorchNetwork() finds QARepVGG again", async () => {
  const config = parseNetworkConfig({ ...SHAPE, block: "repvgg", postAdditionBn: true });
  const model = randomizeWeights(createNetwork(config, { seed: 1 }));
  const tensors = torchState(await graphOf(model), networkModules(config, "reference"));
  const found = importTorchNetwork({ tensors, metadata: {} }, IMAGES);
  assert.deepEqual(found.config, config);
  assert.deepEqual(logits(await modelOf(writeLayersModel(found.graph))), logits(model));
});

for (const name of ["net-repvgg", "net-mobileone"]) {
  Deno.test(`importTorchNetwork() reads the configuration off ${name}`, () => {
    const fixture = readFixture(name);
    assert.deepEqual(
      importTorchNetwork(withoutMetadata(fixture.state), IMAGES).config,
      networkConfig(fixture),
    );
  });
}

Deno.test("networkModules() names RepVGG's layers as the reference code and timm do", () => {
  const config = CONFIGS["RepVGG"]!;
  const names = (dialect: TorchDialect, form: NetworkForm = "training") =>
    torchTensors(networkGraph(config, form), networkModules(config, dialect)).map(({ name }) => name);
  for (
    const name of [
      "stage0.rbr_dense.conv.weight",
      "stage1.1.rbr_identity.running_var",
      "stage2.2.rbr_1x1.bn.bias",
      "linear.weight",
    ]
  ) assert.ok(names("reference").includes(name), name);
  for (
    const name of [
      "stem.conv_kxk.conv.weight",
      "stages.0.1.identity.running_var",
      "stages.1.2.conv_1x1.bn.bias",
      "head.fc.weight",
    ]
  ) assert.ok(names("timm").includes(name), name);
  assert.deepEqual(names("reference", "deploy").slice(0, 3), [
    "stage0.rbr_reparam.weight",
    "stage0.rbr_reparam.bias",
    "stage1.0.rbr_reparam.weight",
  ]);
});

/** The message with which the state is refused. */
function refusal(state: ReadonlyMap<string, RawTensor>): string {
  try {
    importTorchNetwork(withoutMetadata(state), { ...IMAGES, source: "net.safetensors" });
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error.message;
  }
  throw new assert.AssertionError({ message: "the state was accepted" });
}

Deno.test("importTorchNetwork() lists a renamed, a missing and a transposed tensor in one message", () => {
  const state = new Map(readFixture("net-repvgg").state);
  const renamed = "stage2.1.rbr_dense.bn.running_var";
  state.set("stage2.1.rbr_dense.bn.runing_var", state.get(renamed)!);
  state.delete(renamed);
  state.delete("stage3.0.rbr_1x1.conv.weight");
  const head = state.get("linear.weight")!;
  state.set("linear.weight", { ...head, shape: [...head.shape].reverse() });
  const message = refusal(state);
  const findings = message.split("\n").slice(1);
  assert.match(message, /net\.safetensors/);
  assert.deepEqual(findings, [
    "  - stage2.1.rbr_dense.bn.running_var [32] is missing (is it stage2.1.rbr_dense.bn.runing_var?)",
    "  - stage3.0.rbr_1x1.conv.weight [64,32,1,1] is missing",
    "  - linear.weight has shape [128,10], expected [10,128]",
    "  - stage2.1.rbr_dense.bn.runing_var [32] is surplus: the network has no such tensor",
  ]);
});

Deno.test("importTorchNetwork() finds a single transposed kernel anywhere in the network", () => {
  const { state } = readFixture("net-repvgg");
  for (const [name, tensor] of state) {
    const [outputs, inputs, ...rest] = tensor.shape;
    if (!name.endsWith("conv.weight") || outputs === inputs || name.startsWith("stage0")) continue;
    const damaged = new Map(state).set(name, { ...tensor, shape: [inputs!, outputs!, ...rest] });
    const findings = refusal(damaged).split("\n").slice(1);
    assert.deepEqual(findings, [
      `  - ${name} has shape [${inputs},${outputs},${rest}], expected [${tensor.shape}]`,
    ]);
  }
});

Deno.test("importTorchNetwork() passes over num_batches_tracked and refuses integers elsewhere", () => {
  const state = new Map(readFixture("net-repvgg").state);
  const integers = (shape: number[], count: number): RawTensor => ({
    dtype: "I64",
    shape,
    data: new Uint8Array(8 * count),
  });
  state.set("stage0.rbr_dense.bn.num_batches_tracked", integers([], 1));
  importTorchNetwork(withoutMetadata(state), IMAGES);
  state.set("linear.bias", integers([10], 10));
  assert.match(refusal(state), /linear\.bias has dtype I64/);
});

Deno.test("importTorchNetwork() refuses names that it does not know", () => {
  const { state } = readFixture("net-repvgg");
  assert.match(refusal(new Map()), /Cannot tell the network/);
  assert.match(
    refusal(new Map([...state].map(([name, tensor]) => [`module.${name}`, tensor]))),
    /module\.stage/,
  );
  const far = new Map(state).set("stage999999999.0.w", float32Tensor(new Float32Array(1), [1]));
  assert.match(refusal(far), /stage999999999\.0\.w \[1\] is surplus/);
});

Deno.test("torchWeights() reads nothing that is not asked for twice, and into memory that it is given", () => {
  const fixture = readFixture("net-mobileone");
  const config = networkConfig(fixture);
  const graph = networkGraph(config, "training");
  const reads: string[] = [];
  const state = new Map([...fixture.state].map(([name, tensor]): [string, RawTensor] => [name, {
    ...tensor,
    get data() {
      reads.push(name);
      return tensor.data;
    },
  }]));
  const weights = torchWeights(graph, networkModules(config, "reference"), state);
  assert.equal(new Set(reads).size, reads.length); // Once each: their values are checked.
  reads.length = 0;
  const kernel = weights.get("head/dense/kernel")!;
  const memory = new Float32Array(sizeOf(kernel.shape) + 5);
  const values = kernel.read(memory);
  assert.deepEqual(reads, ["linear.weight"]);
  assert.equal(values.buffer, memory.buffer);
  assert.deepEqual([...values], [...kernel.read()]);
});

for (const block of BLOCK_KINDS) {
  Deno.test(`networkGraph() has the weights of createNetwork() and createDeployNetwork(), ${block}`, () => {
    const config = withBlock(parseNetworkConfig({ ...SHAPE, block: "repvgg" }), block);
    for (const form of ["training", "deploy"] as const) {
      const model = CREATE[form](config, { seed: null });
      const expected = model.weights.map((
        { originalName, shape },
      ) => [originalName, sizeOf(shape as number[])]);
      const found = networkGraph(config, form).operations.flatMap(weightsOf)
        .map(({ name, shape }) => [name, sizeOf(shape)]);
      assert.deepEqual(found.sort(), expected.sort());
      model.dispose();
    }
  });
}

/** The small network of the PyTorch fixtures, changed. */
function smallState(change: (state: Map<string, RawTensor>) => void): SafetensorsContent {
  const file = new URL("../../fixtures/torch/zip.pth", import.meta.url);
  const state = new Map(readTorchCheckpoint(Deno.readFileSync(file), "zip.pth").tensors);
  change(state);
  return { tensors: state, metadata: {} };
}

Deno.test("importTorchNetwork() says that the head is missing, in the reference's names and in timm's", () => {
  const reference = smallState((state) => {
    for (const part of ["weight", "bias"]) state.delete(`linear.${part}`);
  });
  assert.throws(
    () => importTorchNetwork(reference, IMAGES),
    /its head is missing; .* no linear\.weight and linear/,
  );
  const timm = withoutMetadata(
    new Map(
      [...reference.tensors].map(([name, tensor]) => [
        name.replace("stage0", "stem").replace("stage1", "stages.0").replace("rbr_dense", "conv_kxk")
          .replace("rbr_1x1", "conv_1x1").replace("rbr_identity", "identity"),
        tensor,
      ]),
    ),
  );
  assert.throws(
    () => importTorchNetwork(timm, IMAGES),
    /its head is missing; .* no head\.fc\.weight and head\.fc/,
  );
});

Deno.test("importTorchNetwork() blames a short BatchNorm vector alone, whichever it is", () => {
  for (
    const name of ["stage0.rbr_dense.bn.weight", "stage1.0.rbr_dense.bn.weight", "stage1.1.rbr_identity.bias"]
  ) {
    const content = smallState((state) => state.set(name, float32Tensor(Float32Array.of(1, 2), [2])));
    assert.throws(() => importTorchNetwork(content, IMAGES), (error: unknown) => {
      assert(error instanceof InputError);
      assert.equal(error.message.split("\n").length, 2, error.message);
      assert.match(error.message, new RegExp(`- ${name} has shape \\[2\\], expected`));
      return true;
    });
  }
});

Deno.test("importTorchNetwork() names what is not finite, and a variance that is negative by more than rounding", () => {
  const width = 4;
  const values = (value: number) => float32Tensor(new Float32Array(width).fill(1).fill(value, 2, 3), [width]);
  const content = smallState((state) => {
    state.set("stage0.rbr_dense.bn.bias", values(NaN));
    state.set("stage0.rbr_1x1.bn.weight", values(-Infinity));
    state.set("stage0.rbr_1x1.bn.running_var", values(-0.5));
    state.set("stage0.rbr_dense.bn.running_var", values(-1e-9));
  });
  assert.throws(() => importTorchNetwork(content, IMAGES), (error: unknown) => {
    assert(error instanceof InputError);
    assert.deepEqual(error.message.split("\n").slice(1).sort(), [
      "  - stage0.rbr_1x1.bn.running_var holds -0.5 at 2, expected a positive number",
      "  - stage0.rbr_1x1.bn.weight holds -Infinity at 2, expected a finite number",
      "  - stage0.rbr_dense.bn.bias holds NaN at 2, expected a finite number",
    ]);
    return true;
  });
});

Deno.test("importTorchNetwork() passes over integers and 8-bit floats of other parts, and names surplus floats", () => {
  const other: RawTensor = { dtype: "F8_E4M3", shape: [2], data: new Uint8Array(2) };
  importTorchNetwork(smallState((state) => state.set("extra.scale", other)), IMAGES);
  const surplus = smallState((state) => state.set("extra.scale", float32Tensor(Float32Array.of(1), [1])));
  assert.throws(() => importTorchNetwork(surplus, IMAGES), /extra\.scale \[1\] is surplus/);
});

Deno.test("importTorchNetwork() takes the stem's stride from the person, and a stage's from its identity branch", () => {
  const content = smallState((state) => {
    const identity = [...state].filter(([name]) => name.startsWith("stage1.1."));
    for (const [name, tensor] of identity) state.set(name.replace("stage1.1.", "stage2.0."), tensor);
    for (const [name] of identity) state.delete(name);
  });
  const { config } = importTorchNetwork(content, { ...IMAGES, stemStride: 1 });
  assert.deepEqual([config!.stem.stride, config!.stages.map(({ stride }) => stride)], [1, [2, 1]]);
  const assumed = importTorchNetwork(content, IMAGES);
  assert.equal(assumed.config!.stem.stride, 2);
  const told = importTorchNetwork(content, { ...IMAGES, strides: [1, 1] });
  assert.deepEqual(told.config!.stages.map(({ stride }) => stride), [1, 1]);
  assert.throws(
    () => importTorchNetwork(content, { ...IMAGES, strides: [2, 2] }),
    /--strides 2,2: stage 2 begins with an identity branch, which proves stride 1/,
  );
  assert.throws(
    () => importTorchNetwork(content, { ...IMAGES, strides: [2] }),
    /has 2 stages, expected one stride for each/,
  );
});

Deno.test("importTorchNetwork() builds no network that is larger than its file", () => {
  const wide = smallState((state) => {
    for (const [name, { shape }] of state) {
      if (shape.length !== 1 || !name.startsWith("stage1")) continue;
      state.set(name, float32Tensor(new Float32Array(16_000).fill(1), [16_000]));
    }
  });
  assert.throws(
    () => importTorchNetwork(wide, IMAGES),
    /speak of a network of 3 blocks .*2304576000 numbers in/,
  );
  const deep = smallState((state) => {
    for (let stage = 2; stage < 200; stage++) {
      state.set(`stage${stage}.255.rbr_dense.bn.bias`, float32Tensor(new Float32Array(4), [4]));
    }
  });
  assert.throws(() => importTorchNetwork(deep, IMAGES), InputError);
});
