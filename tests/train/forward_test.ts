import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { batchNorm } from "../../src/model/tfjs_layers.ts";
import { createNetwork } from "../../src/model/network.ts";
import { trainingForward } from "../../src/train/forward.ts";
import { Random } from "../../src/random.ts";

await startBackend();

const SMALL = {
  inputSize: [16, 16, 3],
  classCount: 10,
  stem: { width: 4, stride: 2 },
  stages: [{ depth: 2, width: 8, stride: 2 }],
} as const;

/** Every kind of block, since each ends differently. */
const BLOCKS = [
  { block: "repvgg" },
  { block: "repvgg", postAdditionBn: true },
  { block: "repvgg", squeezeExcite: true },
  { block: "mobileone" },
  { block: "fastvit" },
  { block: "dbb" },
  { block: "acnet" },
];

function images(): tf.Tensor {
  const random = Random.from(1, "forward");
  return tf.tensor(Float32Array.from({ length: 4 * 16 * 16 * 3 }, () => random.normal()), [4, 16, 16, 3]);
}

/** Logits, loss gradients by every trainable weight, and weights after one pass, by the given forward pass. */
function pass(model: tf.LayersModel, forward: (batch: tf.Tensor) => tf.Tensor): Float32Array[] {
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return tf.tidy(() => {
    let logits = new Float32Array();
    const { grads } = tf.variableGrads(() => {
      const output = forward(images());
      logits = Float32Array.from(output.dataSync());
      return tf.logSoftmax(output as tf.Tensor2D).slice([0, 3], [-1, 1]).mean().neg() as tf.Scalar;
    }, variables);
    const rest = [...variables.map(({ name }) => grads[name]!), ...model.getWeights()];
    return [logits, ...rest.map((tensor) => tensor.dataSync() as Float32Array)];
  });
}

for (const options of BLOCKS) {
  Deno.test(`trainingForward() computes what model.apply() does for ${JSON.stringify(options)}`, () => {
    const config = parseNetworkConfig({ ...SMALL, ...options });
    const [plain, fast] = [createNetwork(config, { seed: 2 }), createNetwork(config, { seed: 2 })];
    const expected = pass(plain, (batch) => plain.apply(batch, { training: true }) as tf.Tensor);
    const actual = pass(fast, trainingForward(fast.inputs[0]!, fast.outputs[0]!));
    assert.equal(actual.length, expected.length);
    actual.forEach((values, which) => {
      const scale = Math.max(1e-2, ...expected[which]!.map(Math.abs));
      const error = Math.max(...values.map((value, i) => Math.abs(value - expected[which]![i]!)));
      assert.ok(error <= 2e-4 * scale, `tensor ${which} is off by ${error} of ${scale}`);
    });
    plain.dispose();
    fast.dispose();
  });
}

Deno.test("trainingForward() makes the end of a block one operation, and holds no tensor longer than it must", async () => {
  const model = createNetwork(parseNetworkConfig({ ...SMALL, block: "repvgg" }), { seed: 2 });
  const forward = trainingForward(model.inputs[0]!, model.outputs[0]!);
  const batch = images();
  const before = tf.memory().numTensors;
  const { kernelNames } = await tf.profile(() => forward(batch).dispose() as unknown as tf.Tensor);
  assert.ok(kernelNames.includes("NormalizedSum"));
  assert.ok(!kernelNames.includes("BatchNormTraining") && !kernelNames.includes("Relu"));
  assert.equal(tf.memory().numTensors, before);
});

/** Networks with an end of a block that has something another layer takes too. */
const SHARED: Record<string, (x: tf.SymbolicTensor) => tf.SymbolicTensor> = {
  "a normalized branch": (x) => {
    const branch = batchNorm("first").apply(x) as tf.SymbolicTensor;
    return sum([relu(sum([branch, batchNorm("second").apply(x) as tf.SymbolicTensor])), branch]);
  },
  "the sum": (x) => {
    const added = sum(["first", "second"].map((name) => batchNorm(name).apply(x) as tf.SymbolicTensor));
    return sum([relu(added), added]);
  },
  "the output of a layer that hands its input on": (x) => {
    const linear = tf.layers.activation({ activation: "linear" }).apply(relu(x)) as tf.SymbolicTensor;
    return sum([relu(linear), linear]);
  },
};

function relu(x: tf.SymbolicTensor): tf.SymbolicTensor {
  return tf.layers.reLU().apply(x) as tf.SymbolicTensor;
}

function sum(terms: tf.SymbolicTensor[]): tf.SymbolicTensor {
  return tf.layers.add().apply(terms) as tf.SymbolicTensor;
}

for (const [what, network] of Object.entries(SHARED)) {
  Deno.test(`trainingForward() keeps apart what another layer takes too: ${what}`, () => {
    const input = tf.input({ shape: [4, 4, 2] });
    const model = tf.model({ inputs: input, outputs: network(input) });
    const fresh = model.getWeights().map((weight) => weight.clone());
    const batch = tf.randomNormal([3, 4, 4, 2], 1, 2, "float32", 1);
    const run = (forward: (batch: tf.Tensor) => tf.Tensor) => {
      model.setWeights(fresh);
      const output = forward(batch).dataSync();
      return [output, ...model.getWeights().map((weight) => weight.dataSync())];
    };
    const expected = run((batch) => model.apply(batch, { training: true }) as tf.Tensor);
    const actual = run(trainingForward(input, model.outputs[0]!));
    actual.forEach((values, which) =>
      values.forEach((value, i) =>
        assert.ok(Math.abs(value - expected[which]![i]!) < 1e-5, `tensor ${which}`)
      )
    );
  });
}
