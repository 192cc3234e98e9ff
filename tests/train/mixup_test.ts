import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { Random } from "../../src/random.ts";
import { balancedWeights } from "../../src/train/class_weights.ts";
import { targetsOf } from "../../src/train/losses.ts";
import { blend, blendTargets, drawShare } from "../../src/train/mixup.ts";

await startBackend();

Deno.test("drawShare() has the mean of the larger part of a Beta(α, α) share", () => {
  // E max(λ, 1 − λ) = ½ + E|λ − ½|; for α = 1, λ is uniform and it is ¾. For α = ½ it is ½ + 1/π (arcsine law).
  for (const [alpha, expected] of [[1, 0.75], [0.5, 0.5 + 1 / Math.PI]] as const) {
    const random = Random.from(3, "mixup");
    const shares = Array.from({ length: 20_000 }, () => drawShare(random, alpha));
    assert.ok(shares.every((share) => share >= 0.5 && share <= 1));
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    assert.ok(Math.abs(mean - expected) < 0.005, `α = ${alpha}: ${mean} is not near ${expected}`);
  }
});

Deno.test("drawShare() ends when α is so small that every power underflows", () => {
  const random = Random.from(3, "mixup");
  for (let i = 0; i < 100; i++) {
    const share = drawShare(random, 0.01);
    assert.ok(share >= 0.5 && share <= 1, `${share}`);
  }
});

Deno.test("blend() mixes the first with the last, and blendTargets() their labels and weights alike", () => {
  const blended = blend(tf.tensor2d([[1], [2], [10]]), 0.75).dataSync();
  assert.deepEqual([...blended], [0.75 + 2.5, 2, 7.5 + 0.25]);
  const targets = targetsOf(tf.tensor1d([0, 1, 1], "int32"), 2, 0, tf.tensor1d([4, 2]));
  const { shares, weights } = blendTargets(targets, 0.75);
  assert.deepEqual(shares.arraySync(), [[0.75, 0.25], [0, 1], [0.25, 0.75]]);
  assert.deepEqual([...weights!.dataSync()], [3.5, 2, 2.5]);
});

Deno.test("balancedWeights() makes every class count alike", () => {
  const labels = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1, 3, 3, 3, 3);
  const weights = balancedWeights(labels, 4);
  assert.deepEqual([...weights], [0.5, 1.5, 0, 0.75]);
  const sums = [0, 1, 3].map((label) => weights[label]! * labels.filter((other) => other === label).length);
  assert.deepEqual(sums, [3, 3, 3]);
});
