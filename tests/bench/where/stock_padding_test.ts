import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { mendStockPadding } from "../../../src/bench/where/stock_padding.ts";
import { startBackend } from "../../../src/kernels/tfjs/backend.ts";

const SIDE = 32;
const images = Float32Array.from({ length: SIDE * SIDE * 3 }, (_, i) => Math.sin(i));

/** Every convolution whose window is smaller than its stride, by the kernel that computes it. */
const CONVOLUTIONS: Record<string, (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor> = {
  Conv2D: (x, filter) => tf.conv2d(x, filter, 4, "same"),
  FusedConv2D: (x, filter) => tf.fused.conv2d({ x, filter, strides: 4, pad: "same", activation: "relu" }),
  DepthwiseConv2dNative: (x, filter) => tf.depthwiseConv2d(x, filter, 4, "same"),
  FusedDepthwiseConv2D: (x, filter) =>
    tf.fused.depthwiseConv2d({ x, filter, strides: 4, pad: "same", activation: "relu" }),
};

async function valuesOn(backend: string): Promise<Record<string, Float32Array>> {
  await tf.setBackend(backend);
  return Object.fromEntries(
    Object.entries(CONVOLUTIONS).map(([kernel, compute]) => [
      kernel,
      tf.tidy(() => {
        const filter = tf.tensor4d(Float32Array.from({ length: 27 }, (_, i) => Math.cos(i)), [3, 3, 3, 1]);
        return compute(tf.tensor4d(images, [1, SIDE, SIDE, 3]), filter).dataSync<"float32">() as Float32Array;
      }),
    ]),
  );
}

Deno.test("mendStockPadding() makes the stock kernels right where a window is smaller than its stride", async () => {
  await startBackend({ kernels: "stock" });
  mendStockPadding("wasm");
  const found = await valuesOn("wasm");
  const expected = await valuesOn("cpu");
  for (const kernel of Object.keys(CONVOLUTIONS)) {
    const difference = Math.max(...expected[kernel]!.map((value, i) => Math.abs(value - found[kernel]![i]!)));
    assert.equal(found[kernel]!.length, expected[kernel]!.length);
    assert.ok(difference < 1e-5, `${kernel}: ${difference}`);
  }
});
