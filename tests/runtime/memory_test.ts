import assert from "node:assert/strict";
import { WorkError } from "../../src/errors.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { createRuntime } from "../../src/runtime/runtime.ts";
import { openRuntime } from "../../src/runtime/machine.ts";

/** An image of 64 MiB, and its negative parts cut off. */
const GRAPH: Graph = {
  name: "large",
  values: [0, 1].map(() => ({ shape: [null, 4096, 4096, 1], dtype: "float32" })),
  inputs: [{ name: "images", value: 0 }],
  outputs: [1],
  operations: [{ op: "activation", name: "relu", inputs: [0], outputs: [1], activation: "relu" }],
  weights: new Map(),
};

Deno.test("compile() refuses in one line what needs more memory than there is, however much", async () => {
  for (const runtime of [createRuntime({ kernels: "javascript" }), await openRuntime()]) {
    for (const batch of [33, 1000, 2 ** 40]) {
      await assert.rejects(runtime.compile(GRAPH, { batch }), (error: unknown) => {
        assert.ok(error instanceof WorkError);
        assert.match(error.message, /^Cannot take \S+ bytes \([^)]* GiB\) from the heap/);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    }
  }
});

Deno.test("Plan.memory() tells no less than what the plan was made of, and no more after another run", async () => {
  const small: Graph = { ...GRAPH, values: [0, 1].map(() => ({ shape: [null, 8, 8, 1], dtype: "float32" })) };
  for (const runtime of [createRuntime({ kernels: "javascript" }), await openRuntime()]) {
    const plan = await runtime.compile(small, { batch: 3 });
    plan.run([new Float32Array(192)]);
    const { parameters, tensors, bytes } = plan.memory();
    assert.deepEqual([parameters, tensors], [0, 2]);
    assert.ok(bytes >= 2 * 192 * 4);
    plan.run([new Float32Array(192)]);
    assert.deepEqual(plan.memory(), { parameters, tensors, bytes });
    plan.dispose();
  }
});
