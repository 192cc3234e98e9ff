import assert from "node:assert/strict";
import { leastOutputScale } from "../../src/graph/output_scale.ts";
import { relativeDifference } from "../../src/bench/same_outputs.ts";
import type { Graph, Operation } from "../../src/graph/graph.ts";

function ending(...operations: Record<string, unknown>[]): Graph {
  const info = { shape: [null, 4], dtype: "float32" } as const;
  return {
    name: "tail",
    values: [info, ...operations.map(() => info)],
    inputs: [{ name: "x", value: 0 }],
    outputs: [operations.length],
    operations: operations.map((operation, i) =>
      ({ name: `${i}`, inputs: [i], outputs: [i + 1], ...operation }) as unknown as Operation
    ),
    weights: new Map(),
  };
}

Deno.test("leastOutputScale() is 1 behind a sigmoid, also through a reshape, and 0 behind a softmax or nothing", () => {
  const sigmoid = { op: "activation", activation: "sigmoid" };
  assert.equal(leastOutputScale(ending(sigmoid)), 1);
  assert.equal(leastOutputScale(ending(sigmoid, { op: "reshape" })), 1);
  assert.equal(leastOutputScale(ending({ op: "convolution", activation: "sigmoid" })), 1);
  assert.equal(leastOutputScale(ending({ op: "softmax", axis: 1 })), 0);
  assert.equal(leastOutputScale(ending(sigmoid, { op: "opaque" })), 0);
});

Deno.test("relativeDifference() is a share of the least scale where the reference is smaller", () => {
  const [a, b] = [Float32Array.of(1e-6, 0), Float32Array.of(0.5e-6, 0)];
  assert.ok(Math.abs(relativeDifference(a, b) - 0.5) < 1e-6);
  assert.ok(relativeDifference(a, b, 1) < 1e-6);
  assert.ok(Math.abs(relativeDifference(Float32Array.of(4), Float32Array.of(2), 1) - 0.5) < 1e-6);
});
