import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { type InstalledKernels, installKernels } from "../../src/kernels/tfjs/install.ts";
import { assertClose, normals } from "./arbitrary.ts";

await startBackend({ kernels: "stock" });

/** Runs a test with the fast kernels installed, and takes them out again however it ends. */
async function withKernels(test: (installed: InstalledKernels) => void): Promise<void> {
  const installed = await installKernels();
  try {
    test(installed);
  } finally {
    installed.uninstall();
  }
}

function kernelFunctions(): Map<string, tf.KernelConfig["kernelFunc"]> {
  return new Map(tf.getKernelsForBackend("wasm").map((kernel) => [kernel.kernelName, kernel.kernelFunc]));
}

Deno.test("installKernels() replaces kernels and uninstall() puts back every one", async () => {
  const before = kernelFunctions();
  const installed = await installKernels();
  assert.notEqual(kernelFunctions().get("Conv2D"), before.get("Conv2D"));
  await assert.rejects(installKernels(), /installed already/);
  installed.uninstall();
  for (const [name, kernelFunc] of before) assert.equal(kernelFunctions().get(name), kernelFunc, name);
});

Deno.test("installKernels() with no vector instructions leaves the stock kernels", async () => {
  const before = kernelFunctions().get("Conv2D");
  const installed = await installKernels({ instructionSet: "none" });
  assert.equal(kernelFunctions().get("Conv2D"), before);
  installed.uninstall();
});

Deno.test("a convolution that the fast kernels decline goes to the stock kernel", async () => {
  const x = tf.randomNormal<tf.Rank.R4>([1, 6, 6, 3]);
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 3, 4]);
  const compute = () =>
    tf.tidy(() => tf.fused.conv2d({ x, filter, strides: 1, pad: "same", activation: "elu" }).dataSync());
  const expected = compute();
  await withKernels(() => {
    assert.deepEqual(compute(), expected);
    assert.throws(() => tf.conv2d(x, filter, 1, "same", "NCHW"));
  });
  tf.dispose([x, filter]);
});

Deno.test("transformed weights follow the variable they are made from, and go with it", () =>
  withKernels((installed) => {
    const image = normals(1 * 6 * 6 * 16, 1);
    const x = tf.tensor4d(image, [1, 6, 6, 16]);
    const filter = tf.tidy(() => tf.variable(tf.ones([3, 3, 16, 16])));
    const convolve = () => tf.tidy(() => tf.conv2d(x, filter as tf.Tensor4D, 1, "same").dataSync());
    const once = convolve();
    const bytes = installed.transformedWeightBytes();
    assert.ok(bytes > 0);
    assert.deepEqual(convolve(), once);
    assert.equal(installed.transformedWeightBytes(), bytes);
    tf.tidy(() => filter.assign(filter.mul(2)));
    assertClose(convolve(), Float64Array.from(once, (value) => 2 * value), 1e-6);
    assert.equal(installed.transformedWeightBytes(), bytes, "the old weights are held no longer");
    filter.dispose();
    assert.equal(installed.transformedWeightBytes(), 0);
    x.dispose();
  }));

Deno.test("tf.grads() of a small network agrees between the stock and the fast kernels", async () => {
  const image = normals(2 * 10 * 9 * 3, 2);
  const weights = [
    tf.tensor4d(normals(3 * 3 * 3 * 16, 3), [3, 3, 3, 16]),
    tf.tensor4d(normals(3 * 3 * 16 * 1, 4), [3, 3, 16, 1]),
    tf.tensor4d(normals(3 * 3 * 16 * 20, 5), [3, 3, 16, 20]),
  ] as const;
  const gradients = () =>
    tf.tidy(() => {
      const x = tf.tensor4d(image, [2, 10, 9, 3]);
      const loss = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor) => {
        const first = tf.conv2d(x, a as tf.Tensor4D, 2, "same").relu();
        const second = tf.depthwiseConv2d(first as tf.Tensor4D, b as tf.Tensor4D, 1, "same");
        return tf.conv2d(second as tf.Tensor4D, c as tf.Tensor4D, 1, "same").square().sum<tf.Scalar>();
      };
      return tf.grads(loss)([...weights]).map((gradient) => gradient.dataSync());
    });
  const expected = gradients();
  const tensors = tf.memory().numTensors;
  let actual: ReturnType<typeof gradients> = [];
  await withKernels(() => actual = gradients());
  assert.equal(tf.memory().numTensors, tensors);
  actual.forEach((gradient, i) => assertClose(gradient, Float64Array.from(expected[i]!), 5e-5));
  tf.dispose([...weights]);
});

Deno.test("NaN and infinity are not lost in a convolution, nor in its relu", () =>
  withKernels(() => {
    for (const [channels, bad] of [[3, NaN], [3, Infinity], [16, NaN], [16, Infinity]] as const) {
      const values = normals(1 * 8 * 8 * channels, 6);
      values[(3 * 8 + 4) * channels] = bad;
      const output = tf.tidy(() => {
        const x = tf.tensor4d(values, [1, 8, 8, channels]);
        const filter = tf.ones<tf.Rank.R4>([3, 3, channels, 16]);
        return tf.fused.conv2d({ x, filter, strides: 1, pad: "same", activation: "relu" }).dataSync();
      });
      for (let row = 2; row <= 4; row++) {
        for (let column = 3; column <= 5; column++) {
          for (const value of output.subarray((row * 8 + column) * 16, (row * 8 + column + 1) * 16)) {
            assert.ok(!Number.isFinite(value), `row ${row}, column ${column}: ${value} hides ${bad}`);
          }
        }
      }
    }
  }));
