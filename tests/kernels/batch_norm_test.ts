import * as tf from "@tensorflow/tfjs";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { TRAINING, TRAINING_GRADIENT } from "../../src/kernels/tfjs/batch_norm/fallback.ts";
import { BATCH_NORMS } from "../../src/kernels/tfjs/batch_norm/kernels.ts";
import { operationKernel } from "../../src/kernels/tfjs/fallback/operation.ts";
import { createKernelContext } from "../../src/kernels/tfjs/install.ts";
import { assertClose, CHANNELS, normals } from "./arbitrary.ts";
import {
  assertCloseSums,
  batchNorm,
  batchNormGradient,
  largest,
  largestTerm,
  normalize,
} from "./batch_norm_reference.ts";
import { kernelOf, runKernel } from "./convolution_case.ts";
import { runOutputs } from "./run_outputs.ts";

const EPSILON = 1e-3;
const TOLERANCE = 1e-5;

await startBackend({ kernels: "stock" });

/** Shapes on both sides of a vector, of a block of channels and of a chunk of rows. */
const shapes = fc.tuple(
  fc.constantFrom(...CHANNELS, 4, 12, 63, 64, 65),
  fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(127, 128, 129, 512, 4097)),
).map(([channels, rows]): [number, number] => [rows, channels]);

/** Signed γ, β, gradients, and x around a mean that is different for each channel. */
function values([rows, channels]: [number, number], center = 1) {
  const noise = normals(rows * channels, 1);
  return {
    x: noise.map((value, i) => value * (1 + i % channels) + center * (1 + i % channels)),
    dy: normals(rows * channels, 2),
    gamma: normals(channels, 3),
    beta: normals(channels, 4),
    mean: normals(channels, 5),
    variance: normals(channels, 6).map((value) => value * value),
  };
}

const kernels: [string, tf.KernelConfig["kernelFunc"], tf.KernelConfig["kernelFunc"]][] = [
  ["fallback", operationKernel(TRAINING), operationKernel(TRAINING_GRADIENT)],
];
for (const instructionSet of ["relaxed-simd", "simd"] as const) {
  const context = await createKernelContext(instructionSet);
  kernels.push([
    instructionSet,
    kernelOf(context, BATCH_NORMS, "BatchNormTraining"),
    kernelOf(context, BATCH_NORMS, "BatchNormTrainingGrad"),
  ]);

  Deno.test(`FusedBatchNorm with ${instructionSet} agrees with float64, with and without γ and β`, () => {
    const kernel = kernelOf(context, BATCH_NORMS, "FusedBatchNorm");
    fc.assert(
      fc.property(shapes, fc.boolean(), fc.boolean(), ([rows, channels], scales, shifts) => {
        const { x, gamma, beta, mean, variance } = values([rows, channels]);
        const inputs = {
          x: tf.tensor4d(x, [1, rows, 1, channels]),
          mean: tf.tensor1d(mean),
          variance: tf.tensor1d(variance),
          ...(scales ? { scale: tf.tensor1d(gamma) } : {}),
          ...(shifts ? { offset: tf.tensor1d(beta) } : {}),
        };
        const actual = runKernel(kernel, inputs, { varianceEpsilon: EPSILON });
        const expected = normalize(
          x,
          mean,
          variance,
          scales ? gamma : gamma.map(() => 1),
          shifts ? beta : beta.map(() => 0),
          EPSILON,
        );
        assertClose(actual, expected, TOLERANCE);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`BatchNorm kernels with ${instructionSet} decline other types, empty tensors and statistics of other shapes`, () => {
    const run = (name: string, inputs: Record<string, tf.Tensor>, attrs: object) =>
      BATCH_NORMS.find(({ kernelName }) => kernelName === name)!.run(context, { inputs, attrs } as never);
    const x = tf.ones([4, 3]);
    const vector = tf.ones([3]);
    const training = { epsilon: EPSILON };
    assert.equal(
      run("BatchNormTraining", { x: tf.ones([4, 3], "int32"), gamma: vector, beta: vector }, training),
      undefined,
    );
    assert.equal(run("BatchNormTraining", { x, gamma: tf.ones([1, 3]), beta: vector }, training), undefined);
    assert.equal(
      run("BatchNormTraining", { x: tf.ones([0, 3]), gamma: vector, beta: vector }, training),
      undefined,
    );
    assert.equal(
      run("FusedBatchNorm", { x, mean: tf.ones([4, 3]), variance: tf.ones([4, 3]) }, {
        varianceEpsilon: EPSILON,
      }),
      undefined,
    );
  });
}

for (const [name, forward, backward] of kernels) {
  Deno.test(`BatchNormTraining, ${name}, agrees with float64 over rows and channels`, () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { x, gamma, beta } = values(shape);
        const inputs = { x: tf.tensor2d(x, shape), gamma: tf.tensor1d(gamma), beta: tf.tensor1d(beta) };
        const [y, mean, variance] = runOutputs(forward, inputs, { epsilon: EPSILON }, 3);
        const expected = batchNorm(x, gamma, beta, EPSILON);
        assertCloseSums(mean!, expected.mean, largest(x), TOLERANCE);
        assertClose(variance!, expected.variance, TOLERANCE);
        assertCloseSums(y!, expected.y, 1, shape[0] === 1 ? 1e-4 : 5 * TOLERANCE);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`BatchNormTrainingGrad, ${name}, agrees with float64 over rows and channels`, () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        fc.pre(shape[0] > 2); // with fewer rows x̂ is ±1 or 0, and the terms of dx cancel to nothing
        const { x, dy, gamma } = values(shape);
        const { mean, variance } = batchNorm(x, gamma, gamma, EPSILON);
        const scale = largestTerm(gamma, dy, variance, EPSILON);
        const inputs = {
          dy: tf.tensor2d(dy, shape),
          x: tf.tensor2d(x, shape),
          gamma: tf.tensor1d(gamma),
          mean: tf.tensor1d(Float32Array.from(mean)),
          variance: tf.tensor1d(Float32Array.from(variance)),
        };
        const [dx, dgamma, dbeta] = runOutputs(backward, inputs, { epsilon: EPSILON }, 3);
        const expected = batchNormGradient(dy, x, gamma, EPSILON);
        assertCloseSums(dx!, expected.dx, scale, 5 * TOLERANCE);
        assertCloseSums(dgamma!, expected.dgamma, largest(dy), 5 * TOLERANCE);
        assertCloseSums(dbeta!, expected.dbeta, largest(dy), TOLERANCE);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`BatchNormTraining, ${name}, spreads a NaN and an infinity over their own channels only`, () => {
    const x = normals(40 * 6, 1);
    x[2 * 6 + 1] = NaN;
    x[30 * 6 + 4] = Infinity;
    const inputs = { x: tf.tensor2d(x, [40, 6]), gamma: tf.ones([6]), beta: tf.ones([6]) };
    const [y] = runOutputs(forward, inputs, { epsilon: EPSILON }, 3);
    y!.forEach((value, i) => assert.equal(Number.isNaN(value), i % 6 === 1 || i % 6 === 4, `element ${i}`));
  });

  Deno.test(`BatchNormTrainingGrad, ${name}, agrees with finite differences`, () => {
    const shape: [number, number] = [7, 3];
    const { x, dy, gamma, beta } = values(shape);
    const tensors = () => ({ x: tf.tensor2d(x, shape), gamma: tf.tensor1d(gamma) });
    const forwardInputs = { ...tensors(), beta: tf.tensor1d(beta) };
    const [, mean, variance] = runOutputs(forward, forwardInputs, { epsilon: EPSILON }, 3);
    const backwardInputs = {
      ...tensors(),
      dy: tf.tensor2d(dy, shape),
      mean: tf.tensor1d(mean!),
      variance: tf.tensor1d(variance!),
    };
    const gradients = runOutputs(backward, backwardInputs, { epsilon: EPSILON }, 3);
    const loss = ([x, gamma, beta]: Float64Array[]) =>
      batchNorm(x!, gamma!, beta!, EPSILON).y.reduce((sum, value, i) => sum + value * dy[i]!, 0);
    const point = [x, gamma, beta].map((array) => Float64Array.from(array));
    const STEP = 1e-5;
    for (const [which, gradient] of gradients.entries()) {
      const numeric = point[which]!.map((_, i) => {
        const lossAt = (step: number) => {
          const moved = point.map((array) => array.slice());
          moved[which]![i]! += step;
          return loss(moved);
        };
        return (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
      });
      assertClose(gradient, numeric, 2e-5);
    }
  });
}

for (const [name, forward] of kernels.slice(1)) {
  Deno.test(`BatchNormTraining with ${name} keeps its digits when the mean is far from zero`, () => {
    const shape: [number, number] = [3000, 5];
    const { x, gamma, beta } = values(shape, 1e4);
    const inputs = { x: tf.tensor2d(x, shape), gamma: tf.tensor1d(gamma), beta: tf.tensor1d(beta) };
    const [y, , variance] = runOutputs(forward, inputs, { epsilon: EPSILON }, 3);
    const expected = batchNorm(x, gamma, beta, EPSILON);
    assertClose(variance!, expected.variance, TOLERANCE);
    // The mean is rounded to float32: at 3e4 that alone is 2e-3, a thousandth of the deviation.
    assertClose(y!, expected.y, 1e-3);
  });
}
