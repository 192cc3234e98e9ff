import * as tf from "@tensorflow/tfjs";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { operationKernel } from "../../src/kernels/tfjs/fallback/operation.ts";
import { MEANS } from "../../src/kernels/tfjs/elementwise/mean.ts";
import { MEAN_GRADIENT } from "../../src/kernels/tfjs/elementwise/mean_gradient.ts";
import { ELEMENTWISE } from "../../src/kernels/tfjs/elementwise/pieces.ts";
import { RELU_GRADIENT } from "../../src/kernels/tfjs/elementwise/relu_gradient.ts";
import { SHARING } from "../../src/kernels/tfjs/elementwise/sharing.ts";
import { createKernelContext } from "../../src/kernels/tfjs/install.ts";
import type { KernelOverride } from "../../src/kernels/tfjs/override.ts";
import { assertClose, CHANNELS, normals } from "./arbitrary.ts";
import { assertSame } from "./assert_same.ts";
import { kernelOf, runKernel } from "./convolution_case.ts";
import { runOutputs } from "./run_outputs.ts";

const TOLERANCE = 1e-6;

await startBackend({ kernels: "stock" });

/** Sizes on both sides of a vector, of two, and of a piece that is one unit. */
const sizes = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 12, 8191, 8192, 8193, 20000);

/** Numbers of which some are zeros, NaN and infinities. */
function withSpecials(count: number, seed: number): Float32Array {
  const specials = [0, -0, NaN, Infinity, -Infinity];
  return normals(count, seed).map((value, i) => i % 7 === 3 ? specials[i % 5]! : value);
}

const contexts = [
  ["relaxed-simd", await createKernelContext("relaxed-simd")],
  ["simd", await createKernelContext("simd")],
] as const;

for (const [instructionSet, context] of contexts) {
  const declines = (overrides: readonly KernelOverride[], name: string, inputs: object, attrs: object) =>
    overrides.find(({ kernelName }) => kernelName === name)!
      .run(context, { inputs, attrs } as never) === undefined;

  Deno.test(`Add with ${instructionSet} adds tensors of one shape, exactly`, () => {
    const kernel = kernelOf(context, ELEMENTWISE, "Add");
    fc.assert(fc.property(sizes, (size) => {
      const [a, b] = [withSpecials(size, 1), normals(size, 2)];
      const sum = runKernel(kernel, { a: tf.tensor1d(a), b: tf.tensor1d(b) }, {});
      assertSame(sum, a.map((value, i) => value + b[i]!));
    }));
  });

  Deno.test(`Add with ${instructionSet} declines broadcasts, other types and empty tensors`, () => {
    const ones = tf.ones([2, 3]);
    assert.ok(declines(ELEMENTWISE, "Add", { a: ones, b: tf.ones([3]) }, {}));
    assert.ok(declines(ELEMENTWISE, "Add", { a: ones, b: tf.ones([2, 3], "int32") }, {}));
    assert.ok(declines(ELEMENTWISE, "Add", { a: tf.ones([0]), b: tf.ones([0]) }, {}));
  });

  Deno.test(`ReluGrad with ${instructionSet} lets the gradient through where the output is positive`, () => {
    const kernel = kernelOf(context, ELEMENTWISE, RELU_GRADIENT.kernelName);
    fc.assert(fc.property(sizes, (size) => {
      const y = withSpecials(size, 1).map((value) => Math.max(value, 0));
      const dy = withSpecials(size + 1, 2).subarray(1);
      const [dx] = runOutputs(kernel, { y: tf.tensor1d(y), dy: tf.tensor1d(dy) }, {}, 1);
      const expected = y.map((value, i) => Number.isNaN(value) ? NaN : value > 0 ? dy[i]! : 0);
      assertSame(dx!, expected);
    }));
  });

  Deno.test(`Mean with ${instructionSet} agrees with float64 over neighbouring axes`, () => {
    const kernel = kernelOf(context, MEANS, "Mean");
    const shapes = fc.tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(1, 5, 7, 14, 15),
      fc.constantFrom(...CHANNELS, 63, 64, 65),
    );
    fc.assert(
      fc.property(shapes, fc.boolean(), ([n, h, w, c], keepDims) => {
        const x = normals(n * h * w * c, 1).map((value) => value + 1);
        const expected = new Float64Array(n * c);
        x.forEach((value, i) => expected[Math.floor(i / (h * w * c)) * c + i % c]! += value / (h * w));
        const inputs = { x: tf.tensor4d(x, [n, h, w, c]) };
        assertClose(runKernel(kernel, inputs, { axis: [1, 2], keepDims }), expected, TOLERANCE);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`Mean with ${instructionSet} gives the shape that tf.mean gives, for any axes it serves`, () => {
    const x = tf.tensor(normals(2 * 3 * 4 * 5, 1), [2, 3, 4, 5]);
    for (const axis of [0, 1, [0, 1], [2, 1], [-2], [0, 1, 2]]) {
      for (const keepDims of [false, true]) {
        const mean = MEANS[0]!.run(context, { inputs: { x }, attrs: { axis, keepDims } } as never);
        assert.ok(mean !== undefined && !Array.isArray(mean));
        assert.deepEqual(mean.shape, tf.mean(x, axis, keepDims).shape);
        context.backend.disposeData(mean.dataId);
      }
    }
    for (const axis of [3, [0, 2], [2, 3], [], null]) {
      assert.ok(declines(MEANS, "Mean", { x }, { axis, keepDims: false }), `axis ${axis}`);
    }
  });

  Deno.test(`MeanGrad with ${instructionSet} spreads the gradient over what was averaged`, () => {
    const kernel = kernelOf(context, MEANS, MEAN_GRADIENT.kernelName);
    const fallback = operationKernel(MEAN_GRADIENT);
    const shapes = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(...CHANNELS, 65),
    );
    fc.assert(fc.property(shapes, ([n, rows, c]) => {
      const dy = normals(n * c, 1);
      const expected = Float64Array.from(
        { length: n * rows * c },
        (_, i) => dy[Math.floor(i / (rows * c)) * c + i % c]! / rows,
      );
      for (const either of [kernel, fallback]) {
        const attrs = { shape: [n, rows, c], axes: [1] };
        const [dx] = runOutputs(either, { dy: tf.tensor2d(dy, [n, c]) }, attrs, 1);
        assertClose(dx!, expected, TOLERANCE);
      }
    }));
  });

  Deno.test(`Identity, Cast and Slice with ${instructionSet} share the data, which lives as long as one of them`, () => {
    const { backend } = context;
    const whole = [["Identity", {}], ["Cast", { dtype: "float32" }], ["Slice", {
      begin: [0],
      size: [-1],
    }]] as const;
    for (const [name, attrs] of whole) {
      const x = tf.tensor1d([1, 2, 3]);
      const info = kernelOf(context, SHARING, name)({ inputs: { x }, backend, attrs }) as tf.TensorInfo;
      assert.equal(info.dataId, x.dataId);
      x.dispose();
      assert.deepEqual([...tf.backend().readSync(info.dataId) as Float32Array], [1, 2, 3]);
      assert.equal(backend.disposeData(info.dataId), true);
    }
    assert.ok(declines(SHARING, "Cast", { x: tf.tensor1d([1.5]) }, { dtype: "int32" }));
    assert.ok(declines(SHARING, "Slice", { x: tf.tensor1d([1, 2]) }, { begin: [1], size: [1] }));
    assert.ok(declines(SHARING, "Slice", { x: tf.tensor1d([1, 2]) }, { begin: 0, size: 1 }));
    assert.ok(declines(SHARING, "Identity", { x: tf.tensor1d(["text"]) }, {}));
  });
}

Deno.test("The gradients of relu and mean are those of TensorFlow.js", () => {
  const x = tf.tensor4d(normals(2 * 3 * 4 * 5, 1), [2, 3, 4, 5]);
  const gradient = tf.grad((x) => tf.mean(tf.relu(x), [1, 2]).square())(x).dataSync();
  const pooled = tf.mean(tf.relu(x), [1, 2]).dataSync();
  const expected = Float64Array.from(
    x.dataSync(),
    (value, i) => value > 0 ? 2 * pooled[Math.floor(i / 60) * 5 + i % 5]! / 12 : 0,
  );
  assertClose(gradient, expected, TOLERANCE);
});
