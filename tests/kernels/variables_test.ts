import * as tf from "@tensorflow/tfjs";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { operationKernel } from "../../src/kernels/tfjs/fallback/operation.ts";
import { createKernelContext } from "../../src/kernels/tfjs/install.ts";
import { VARIABLE_UPDATES } from "../../src/kernels/tfjs/variables/kernels.ts";
import { moveTowards, MOVING_AVERAGE } from "../../src/kernels/tfjs/variables/moving_average.ts";
import { NESTEROV_SGD, nesterovSgd } from "../../src/kernels/tfjs/variables/nesterov_sgd.ts";
import { normals } from "./arbitrary.ts";
import { assertSame } from "./assert_same.ts";
import { kernelOf } from "./convolution_case.ts";
import { runOutputs } from "./run_outputs.ts";

await startBackend({ kernels: "stock" });

/** Sizes of several variables, on both sides of a vector and of a piece of the table. */
const sizes = fc.array(fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 63, 4095, 4096, 4097, 9000), {
  minLength: 1,
  maxLength: 5,
});

/** Runs a kernel on `groups` tensors of each size. */
function update(
  kernelFunc: tf.KernelConfig["kernelFunc"],
  sizes: readonly number[],
  groups: number,
  outputs: number,
  attrs: object,
): Float32Array[] {
  const inputs = Array.from(
    { length: groups },
    (_, group) => sizes.map((size, index) => tf.tensor1d(normals(size, 10 * group + index))),
  ).flat();
  return runOutputs(kernelFunc, inputs as unknown as Record<string, tf.Tensor>, { ...attrs }, outputs);
}

/** Asserts that two updates are the same to the last bit. */
function assertSameUpdates(actual: readonly Float32Array[], expected: readonly Float32Array[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((values, which) => assertSame(values, expected[which]!));
}

for (const instructionSet of ["relaxed-simd", "simd"] as const) {
  const context = await createKernelContext(instructionSet);

  Deno.test(`MovingAverage with ${instructionSet} is the fallback to the last bit`, () => {
    const fast = kernelOf(context, VARIABLE_UPDATES, MOVING_AVERAGE.kernelName);
    const fallback = operationKernel(MOVING_AVERAGE);
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), (sizes, rate) => {
        assertSameUpdates(
          update(fast, sizes, 2, sizes.length, { rate }),
          update(fallback, sizes, 2, sizes.length, { rate }),
        );
      }),
      { numRuns: 40 },
    );
  });

  Deno.test(`NesterovSgd with ${instructionSet} is the fallback to the last bit`, () => {
    const fast = kernelOf(context, VARIABLE_UPDATES, NESTEROV_SGD.kernelName);
    const fallback = operationKernel(NESTEROV_SGD);
    fc.assert(
      fc.property(sizes, fc.constantFrom(0, 1e-4, 0.5), fc.boolean(), (sizes, weightDecay, first) => {
        const decays = sizes.map((_, index) => (index % 2 === 0) === first);
        const attrs = { learningRate: 0.1, momentum: 0.9, weightDecay, decays };
        const outputs = 2 * sizes.length;
        assertSameUpdates(update(fast, sizes, 3, outputs, attrs), update(fallback, sizes, 3, outputs, attrs));
      }),
      { numRuns: 40 },
    );
  });
}

Deno.test("nesterovSgd() takes one step of the formula", () => {
  const weight = tf.variable(tf.tensor1d([2, -1]));
  const velocity = tf.variable(tf.tensor1d([0.5, 0]));
  nesterovSgd(
    { weights: [weight], velocities: [velocity], gradients: [tf.tensor1d([1, 4])] },
    { learningRate: 0.1, momentum: 0.5, weightDecay: 0.25, decays: [true] },
  );
  // g' = [1.5, 3.75], v = [1.75, 3.75], w −= 0.1·(g' + 0.5·v) = 0.1·[2.375, 5.625]
  assert.deepEqual([...velocity.dataSync()], [1.75, 3.75]);
  assert.deepEqual([...weight.dataSync()].map((value) => Math.round(value * 1e4)), [17625, -15625]);
});

Deno.test("moveTowards() moves by the rate, and leaves tensors alone that share the old data", () => {
  const average = tf.variable(tf.tensor1d([0, 8]));
  const old = average.clone();
  const before = tf.memory().numTensors;
  moveTowards([average], [tf.tensor1d([4, 0])], 0.25);
  assert.deepEqual([...average.dataSync()], [1, 6]);
  assert.deepEqual([...old.dataSync()], [0, 8]);
  assert.equal(tf.memory().numTensors, before + 1);
});
