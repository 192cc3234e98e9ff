import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { Comparison, PredictionComparison } from "../../src/proof/comparison.ts";
import { randomizeBatchNorm } from "../fuse/randomize_batch_norm.ts";
import { EQUIVALENCE_TOLERANCE } from "../../src/proof/rounding.ts";
import { type Batch, verifyFusion } from "../../src/proof/tensorflow.ts";
import { toArtifacts, weightOf } from "../fuse/artifacts.ts";
import { bothForms, chain, type Forms, formsOf, through } from "../fuse/forms.ts";
import { Random } from "../../src/random.ts";
import { plant } from "./plant.ts";

const { batchNormalization, conv2d, dense, globalAveragePooling2d, reLU } = tf.layers;

function classifier(): tf.LayersModel {
  return chain(
    [6, 6, 2],
    conv2d({ name: "block/conv", filters: 4, kernelSize: 3, padding: "same" }),
    batchNormalization({ name: "block/bn" }),
    reLU({ name: "block/relu" }),
    globalAveragePooling2d({ name: "pool" }),
    dense({ name: "head", units: 3 }),
  );
}

function* images(batches: number, shape = [6, 6, 2]): Generator<tf.Tensor> {
  for (let i = 0; i < batches; i++) yield tf.randomNormal([4, ...shape], 0, 1, "float32", i + 1);
}

/** Moves one weight of the fused form. */
function disturb({ fused }: Forms, layer: string, position: number, by: number): void {
  tf.tidy(() => {
    const [first, ...rest] = fused.getLayer(layer).getWeights();
    const values = first!.dataSync().slice();
    values[position]! += by;
    fused.getLayer(layer).setWeights([tf.tensor(values, first!.shape), ...rest]);
  });
}

Deno.test("verifyFusion() compares regions and outputs of all batches", async () => {
  const forms = await bothForms(classifier());
  const proof = await verifyFusion({ ...forms, inputs: images(3) });
  assert.ok(proof.pass);
  assert.equal(proof.images, 12);
  assert.equal(proof.tolerance, EQUIVALENCE_TOLERANCE);
  assert.deepEqual(proof.regions.map((region) => region.name), ["block/reparam", "head"]);
  assert.deepEqual(proof.outputs.map((output) => output.name), ["head"]);
  assert.ok(proof.regions[0]!.scale > 0 && proof.regions[0]!.border > 0);
  assert.ok(proof.maxRelativeDifference <= 1e-6);
  assert.deepEqual([proof.changedPredictions, proof.ties], [0, 0]);
});

Deno.test("verifyFusion() takes an asynchronous source of batches", async () => {
  const forms = await bothForms(classifier());
  async function* source(): AsyncGenerator<Batch> {
    for (const batch of images(2)) yield await Promise.resolve(batch);
  }
  assert.equal((await verifyFusion({ ...forms, inputs: source() })).images, 8);
});

Deno.test("verifyFusion() leaves no tensor behind, also when a batch does not fit", async () => {
  const forms = await bothForms(classifier());
  const before = tf.memory().numTensors;
  await verifyFusion({ ...forms, inputs: images(2) });
  assert.equal(tf.memory().numTensors, before);
  await assert.rejects(verifyFusion({ ...forms, inputs: images(1, [6, 6, 5]) }));
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("verifyFusion() finds a difference in a region that the outputs do not show", async () => {
  const forms = await bothForms(classifier());
  for (const form of [forms.fused, forms.training]) {
    tf.tidy(() => form.getLayer("head").setWeights([tf.zeros([4, 3]), tf.tensor1d([1, 2, 3])]));
  }
  disturb(forms, "block/reparam", 0, 0.5);
  const proof = await verifyFusion({ ...forms, inputs: images(1) });
  assert.equal(proof.maxRelativeDifference, 0);
  assert.ok(proof.regions[0]!.interior > 1e-3);
  assert.ok(!proof.pass);
});

Deno.test("verifyFusion() fails when a prediction changed that is no tie, however small the difference", async () => {
  const forms = await bothForms(classifier());
  for (const [form, gap] of [[forms.training, 3e-4], [forms.fused, -3e-4]] as const) {
    tf.tidy(() => form.getLayer("head").setWeights([tf.zeros([4, 3]), tf.tensor1d([1, 1 + gap, 0])]));
  }
  const strict = await verifyFusion({ ...forms, inputs: images(1), tolerance: 1e-4 });
  assert.deepEqual([strict.changedPredictions, strict.ties, strict.pass], [4, 0, false]);
  const lax = await verifyFusion({ ...forms, inputs: images(1), tolerance: 1e-3 });
  assert.deepEqual([lax.changedPredictions, lax.ties, lax.pass], [4, 4, true]);
});

Deno.test("verifyFusion() fails when an output is not a number", async () => {
  const forms = await bothForms(classifier());
  disturb(forms, "block/reparam", 0, NaN);
  const proof = await verifyFusion({ ...forms, inputs: images(1) });
  assert.equal(proof.maxRelativeDifference, Infinity);
  assert.ok(!proof.pass);
});

Deno.test("verifyFusion() proves nothing without inputs", async () => {
  const forms = await bothForms(classifier());
  assert.ok(!(await verifyFusion({ ...forms, inputs: [] })).pass);
});

Deno.test("verifyFusion() takes one tensor for each input, and skips regions inside nested models", async () => {
  const inner = tf.sequential({ name: "inner" });
  inner.add(conv2d({ name: "conv", filters: 2, kernelSize: 3, inputShape: [6, 6, 2] }));
  inner.add(batchNormalization({ name: "bn" }));
  const inputs = ["a", "b"].map((name) => tf.input({ shape: [6, 6, 2], name }));
  const outputs = inputs.map((input) => through(input, inner));
  const forms = await bothForms(tf.model({ inputs, outputs }));
  const batch = [tf.randomNormal([3, 6, 6, 2]), tf.randomNormal([3, 6, 6, 2])];
  const proof = await verifyFusion({ ...forms, inputs: [batch] });
  assert.ok(proof.pass);
  assert.deepEqual([proof.images, proof.regions.length, proof.outputs.length], [3, 0, 2]);
});

Deno.test("Comparison keeps border pixels apart from the interior", () => {
  const comparison = new Comparison("layer", 1);
  const reference = new Float32Array(16).fill(2);
  const other = reference.slice();
  other[1] = 2.5; // Top row.
  other[5] = 1.75; // Inside.
  comparison.update(reference, other, [1, 4, 4, 1]);
  assert.deepEqual(comparison.result(), { name: "layer", scale: 2, border: 0.25, interior: 0.125 });
});

Deno.test("Comparison measures by the largest value of all batches", () => {
  const comparison = new Comparison("layer", 1);
  comparison.update([1], [1.5], [1, 1]);
  comparison.update([-10], [-10], [1, 1]);
  assert.deepEqual(comparison.result(), { name: "layer", scale: 10, border: 0, interior: 0.05 });
});

Deno.test("Comparison takes tensors of different sizes for infinitely far apart", () => {
  const comparison = new Comparison("layer", 1);
  comparison.update([1, 2], [1], [1, 2]);
  assert.equal(comparison.result().interior, Infinity);
});

Deno.test("PredictionComparison counts a change as a tie where the reference puts the two classes close", () => {
  const predictions = new PredictionComparison();
  predictions.update([5, 4.75, 0, 5, 1, 0], [4, 4.5, 0, 0, 1, 0], 3);
  assert.deepEqual(predictions.result(0.25), { changed: 2, ties: 1 });
  assert.deepEqual(predictions.result(0.2), { changed: 2, ties: 0 });
});

Deno.test("randomizeBatchNorm() draws signed statistics in range, and nothing else", async () => {
  await tf.setBackend("cpu");
  const before = await toArtifacts(classifier());
  const after = randomizeBatchNorm(before, 5);
  assert.deepEqual(weightOf(after, "block/conv/kernel"), weightOf(before, "block/conv/kernel"));
  const gamma = weightOf(after, "block/bn/gamma");
  assert.ok(gamma.every((value) => Math.abs(value) >= 0.5 && Math.abs(value) < 1.5));
  assert.ok(weightOf(after, "block/bn/moving_variance").every((value) => value >= 0.5 && value < 2));
  for (const name of ["beta", "moving_mean"]) {
    assert.ok(weightOf(after, `block/bn/${name}`).every((value) => value !== 0));
  }
  assert.deepEqual(randomizeBatchNorm(before, 5).weightData, after.weightData);
  assert.notDeepEqual(randomizeBatchNorm(before, 6).weightData, after.weightData);
});

/** Whole numbers around 500 and weights that are powers of two: the training form's sums are exact, the fused form's cancel. */
async function cancelling(): Promise<{ forms: Forms; inputs: () => Generator<tf.Tensor> }> {
  const model = chain(
    [6, 6, 4],
    conv2d({ name: "block/conv", filters: 3, kernelSize: 1, useBias: false }),
    batchNormalization({ name: "block/bn" }),
    reLU({ name: "block/relu" }),
    globalAveragePooling2d({ name: "pool" }),
    dense({ name: "head", units: 3 }),
  );
  tf.tidy(() => {
    const kernel = Array.from({ length: 12 }, (_, i) => 2 ** -(i % 3));
    model.getLayer("block/conv").setWeights([tf.tensor(kernel, [1, 1, 4, 3])]);
    const mean = [0, 1, 2].map((o) => [0, 1, 2, 3].reduce((sum, c) => sum + 501 * kernel[3 * c + o]!, 0));
    const gamma = [1.1, 0.9, -1.3];
    const statistics = [gamma, [0, 0, 0], mean, [0.7, 0.3, 0.1]].map((values) => tf.tensor1d(values));
    model.getLayer("block/bn").setWeights(statistics);
    const head = [1, -0.5, 0.3, 0.2, 1, -1, 0.4, 0.1, 0.7];
    model.getLayer("head").setWeights([tf.tensor(head, [3, 3]), tf.zeros([3])]);
  });
  return {
    forms: await formsOf(await toArtifacts(model)),
    *inputs() {
      const random = Random.from(1, "cancelling");
      for (let i = 0; i < 3; i++) {
        yield tf.tensor(Float32Array.from({ length: 4 * 6 * 6 * 4 }, () => 500 + random.integer(3)), [
          4,
          6,
          6,
          4,
        ]);
      }
    },
  };
}

Deno.test("verifyFusion() passes what cancels in the fused form alone, and finds a thousandth there", async () => {
  const { forms, inputs } = await cancelling();
  const proof = await verifyFusion({ ...forms, inputs: inputs() });
  const [block] = proof.regions;
  assert.ok(block!.interior > 3e-5, `${block!.interior} would pass anyway`);
  assert.ok(block!.rounding!.training < block!.interior / 16, "the training form is exact");
  assert.ok(proof.pass, `${block!.interior}, allowed ${block!.allowed}`);
  assert.ok(block!.allowed <= EQUIVALENCE_TOLERANCE);
  const { missed, tried } = await plant(
    forms.fused,
    () => verifyFusion({ ...forms, inputs: inputs() }),
  );
  assert.deepEqual([tried, missed], [2, []]);
});
