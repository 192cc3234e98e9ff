import assert from "node:assert/strict";
import { largestIndex, logSumExp, softmax } from "../../src/graph/class_scores.ts";

Deno.test("softmax() sums to one and does not overflow", () => {
  const probabilities = softmax(Float32Array.of(1000, 999, -1000));
  assert(Math.abs(probabilities.reduce((a, b) => a + b) - 1) < 1e-12);
  assert(Math.abs(probabilities[0]! / probabilities[1]! - Math.E) < 1e-9);
});

Deno.test("logSumExp() is the logarithm of what softmax() divides by, and does not overflow", () => {
  assert(Math.abs(logSumExp([1, 2, 3]) - Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3))) < 1e-12);
  assert.equal(logSumExp([1000, -1000]), 1000);
});

Deno.test("largestIndex() is the first of several, in the whole or in a part", () => {
  assert.equal(largestIndex([1, 3, 3]), 1);
  assert.equal(largestIndex([9, 1, 2, 5, 0], 1, 3), 2);
});
