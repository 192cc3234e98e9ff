import * as tf from "@tensorflow/tfjs";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { NORMALIZED_SUM, NORMALIZED_SUM_GRADIENT } from "../../src/kernels/tfjs/batch_norm/fallback_sum.ts";
import { BATCH_NORMS } from "../../src/kernels/tfjs/batch_norm/kernels.ts";
import { MAXIMUM_TERMS, normalizedSum } from "../../src/kernels/tfjs/batch_norm/normalized_sum.ts";
import { operationKernel } from "../../src/kernels/tfjs/fallback/operation.ts";
import { createKernelContext } from "../../src/kernels/tfjs/install.ts";
import { assertClose, CHANNELS, normals } from "./arbitrary.ts";
import {
  assertCloseSums,
  batchNorm,
  batchNormGradient,
  largest,
  largestTerm,
} from "./batch_norm_reference.ts";
import { kernelOf } from "./convolution_case.ts";
import { runOutputs } from "./run_outputs.ts";

const TOLERANCE = 5e-5;

await startBackend({ kernels: "stock" });

type Shape = [rows: number, channels: number];

/** Shapes on both sides of a vector, of a block of channels and of a chunk of rows; up to four terms. */
const cases = fc.record({
  shape: fc.tuple(
    fc.oneof(fc.integer({ min: 3, max: 40 }), fc.constantFrom(127, 128, 129, 512, 1025)),
    fc.constantFrom(...CHANNELS, 4, 12, 63, 64, 65),
  ),
  terms: fc.integer({ min: 1, max: 4 }),
});

/** Float64 and float32 values of every term: each has its own ε. */
function example([rows, channels]: Shape, terms: number) {
  const each = Array.from({ length: terms }, (_, b) => ({
    x: normals(rows * channels, 10 * b).map((value, i) => value * (1 + b) + i % channels),
    gamma: normals(channels, 10 * b + 1),
    beta: normals(channels, 10 * b + 2),
    epsilon: 10 ** (-1 - b),
  }));
  const epsilons = each.map(({ epsilon }) => epsilon);
  const normalized = each.map(({ x, gamma, beta, epsilon }) => batchNorm(x, gamma, beta, epsilon));
  const sum = normalized[0]!.y.map((_, i) => normalized.reduce((total, { y }) => total + y[i]!, 0));
  return { each, epsilons, normalized, sum, dy: normals(rows * channels, 5) };
}

/** A list of inputs as the kernels take it. */
function listed(tensors: tf.Tensor[]): Record<string, tf.Tensor> {
  return tensors as unknown as Record<string, tf.Tensor>;
}

const kernels: [string, tf.KernelConfig["kernelFunc"], tf.KernelConfig["kernelFunc"]][] = [
  ["fallback", operationKernel(NORMALIZED_SUM), operationKernel(NORMALIZED_SUM_GRADIENT)],
];
for (const instructionSet of ["relaxed-simd", "simd"] as const) {
  const context = await createKernelContext(instructionSet);
  kernels.push([
    instructionSet,
    kernelOf(context, BATCH_NORMS, NORMALIZED_SUM.kernelName),
    kernelOf(context, BATCH_NORMS, NORMALIZED_SUM_GRADIENT.kernelName),
  ]);

  Deno.test(`NormalizedSum with ${instructionSet} declines terms of different shapes`, () => {
    const inputs = [tf.ones([4, 3]), tf.ones([1, 3]), ...Array.from({ length: 4 }, () => tf.ones([3]))];
    const override = BATCH_NORMS.find(({ kernelName }) => kernelName === NORMALIZED_SUM.kernelName)!;
    assert.equal(override.run(context, { inputs, attrs: { epsilons: [1, 1] } } as never), undefined);
  });
}

for (const [name, forward, backward] of kernels) {
  Deno.test(`NormalizedSum, ${name}, agrees with float64 over shapes and numbers of terms`, () => {
    fc.assert(
      fc.property(cases, ({ shape, terms }) => {
        const { each, epsilons, normalized, sum } = example(shape, terms);
        const inputs = listed([
          ...each.map(({ x }) => tf.tensor2d(x, shape)),
          ...each.map(({ gamma }) => tf.tensor1d(gamma)),
          ...each.map(({ beta }) => tf.tensor1d(beta)),
        ]);
        const [y, ...statistics] = runOutputs(forward, inputs, { epsilons }, 1 + 2 * terms);
        assertCloseSums(y!, sum.map((value) => Math.max(value, 0)), 1, TOLERANCE);
        normalized.forEach(({ mean, variance }, b) => {
          assertCloseSums(statistics[b]!, mean, largest(each[b]!.x), TOLERANCE);
          assertClose(statistics[terms + b]!, variance, TOLERANCE);
        });
      }),
      { numRuns: 50 },
    );
  });

  Deno.test(`NormalizedSumGrad, ${name}, agrees with float64 over shapes and numbers of terms`, () => {
    fc.assert(
      fc.property(cases, ({ shape, terms }) => {
        const { each, epsilons, normalized, sum, dy } = example(shape, terms);
        const y = Float32Array.from(sum, (value) => Math.max(value, 0));
        const gradient = dy.map((value, i) => y[i]! > 0 ? value : 0);
        const inputs = listed([
          tf.tensor2d(dy, shape),
          tf.tensor2d(y, shape),
          ...each.map(({ x }) => tf.tensor2d(x, shape)),
          ...each.map(({ gamma }) => tf.tensor1d(gamma)),
          ...normalized.map(({ mean }) => tf.tensor1d(Float32Array.from(mean))),
          ...normalized.map(({ variance }) => tf.tensor1d(Float32Array.from(variance))),
        ]);
        const gradients = runOutputs(backward, inputs, { epsilons }, 3 * terms);
        each.forEach(({ x, gamma, epsilon }, b) => {
          const { dx, dgamma, dbeta } = batchNormGradient(gradient, x, gamma, epsilon);
          const scale = largestTerm(gamma, dy, normalized[b]!.variance, epsilon);
          assertCloseSums(gradients[b]!, dx, scale, TOLERANCE);
          assertCloseSums(gradients[terms + b]!, dgamma, largest(dy), TOLERANCE);
          assertCloseSums(gradients[2 * terms + b]!, dbeta, largest(dy), TOLERANCE);
        });
      }),
      { numRuns: 50 },
    );
  });

  Deno.test(`NormalizedSum, ${name}, keeps a NaN in its own channel`, () => {
    const x = normals(40 * 6, 1);
    x[2 * 6 + 1] = NaN;
    const inputs = listed([
      tf.tensor2d(x, [40, 6]),
      tf.tensor2d(normals(40 * 6, 2), [40, 6]),
      ...Array.from({ length: 4 }, () => tf.ones([6])),
    ]);
    const [y] = runOutputs(forward, inputs, { epsilons: [1, 1] }, 5);
    y!.forEach((value, i) => assert.equal(Number.isNaN(value), i % 6 === 1, `element ${i}`));
  });
}

for (const [name, , backward] of kernels.slice(1)) {
  Deno.test(`NormalizedSumGrad with ${name} takes the place of an x only where it may and nobody else holds it`, () => {
    const shape: Shape = [50, 5];
    const { each, epsilons, normalized, sum, dy } = example(shape, 2);
    const gradientsOf = (overwrites: boolean) => {
      const xs = each.map(({ x }) => tf.tensor2d(x, shape));
      const inputs = [
        tf.tensor2d(dy, shape),
        tf.tensor2d(Float32Array.from(sum, (value) => Math.max(value, 0)), shape),
        ...xs,
        ...each.map(({ gamma }) => tf.tensor1d(gamma)),
        ...normalized.map(({ mean }) => tf.tensor1d(Float32Array.from(mean))),
        ...normalized.map(({ variance }) => tf.tensor1d(Float32Array.from(variance))),
      ];
      const backend = tf.backend();
      backend.incRef(xs[1]!.dataId);
      const [dx0, dx1] = backward({
        inputs: inputs as unknown as tf.NamedTensorInfoMap,
        backend,
        attrs: { epsilons, overwrites },
      }) as tf.TensorInfo[];
      assert.equal(dx0!.dataId === xs[0]!.dataId, overwrites);
      assert.notEqual(dx1!.dataId, xs[1]!.dataId);
      assert.deepEqual(xs[1]!.dataSync(), each[1]!.x);
      tf.dispose(inputs);
      return [dx0!, dx1!].map(({ dataId }) => backend.readSync(dataId));
    };
    assert.deepEqual(gradientsOf(true), gradientsOf(false));
  });
}

Deno.test("normalizedSum() has the gradients of the definition, by finite differences", () => {
  const shape: Shape = [7, 3];
  const { each, dy } = example(shape, 2);
  const arrays = each.flatMap(({ x, gamma, beta }) => [x, gamma, beta]);
  const gradients = tf.grads((x0, gamma0, beta0, x1, gamma1, beta1) => {
    const first = { x: x0!, gamma: gamma0!, beta: beta0!, epsilon: each[0]!.epsilon };
    const second = { x: x1!, gamma: gamma1!, beta: beta1!, epsilon: each[1]!.epsilon };
    return normalizedSum([first, second]).y.mul(tf.tensor2d(dy, shape));
  })(arrays.map((array) => tf.tensor(array, array.length === 21 ? shape : [3])));
  const loss = (arrays: Float64Array[]) => {
    const terms = each.map(({ epsilon }, b) =>
      batchNorm(arrays[3 * b]!, arrays[3 * b + 1]!, arrays[3 * b + 2]!, epsilon).y
    );
    return dy.reduce((total, value, i) => total + value * Math.max(0, terms[0]![i]! + terms[1]![i]!), 0);
  };
  const point = arrays.map((array) => Float64Array.from(array));
  const STEP = 1e-6;
  gradients.forEach((gradient, which) => {
    const numeric = point[which]!.map((_, i) => {
      const lossAt = (step: number) => {
        const moved = point.map((array) => array.slice());
        moved[which]![i]! += step;
        return loss(moved);
      };
      return (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
    });
    assertClose(gradient.dataSync(), numeric, 5e-5);
  });
});

Deno.test("normalizedSum() refuses more terms than it can save", () => {
  const term = { x: tf.ones([4, 1]), gamma: tf.ones([1]), beta: tf.ones([1]), epsilon: 1 };
  assert.throws(() => normalizedSum(Array.from({ length: MAXIMUM_TERMS + 1 }, () => term)), RangeError);
});
