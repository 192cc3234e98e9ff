import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { axisPadding } from "../../src/model/padding.ts";
import { zeroPad } from "../../src/model/layer_builder.ts";
import { tfjsLayers } from "../../src/model/tfjs_layers.ts";

Deno.test("axisPadding() agrees with TensorFlow's same padding at any kernel, stride and size", async () => {
  await tf.setBackend("cpu");
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 12 }),
      (kernel, stride, size) =>
        tf.tidy(() => {
          const image = tf.range(1, size + 1).reshape([1, size, 1, 1]) as tf.Tensor4D;
          const weights = tf.range(1, kernel + 1).reshape([kernel, 1, 1, 1]) as tf.Tensor4D;
          const same = tf.conv2d(image, weights, [stride, 1], "same");
          const padding = axisPadding("same", kernel, stride, size);
          const padded = tf.pad(image, [[0, 0], padding, [0, 0], [0, 0]]);
          const explicit = tf.conv2d(padded, weights, [stride, 1], "valid");
          assert.deepEqual(explicit.arraySync(), same.arraySync());
        }),
    ),
  );
});

Deno.test("axisPadding() is 0 before and 1 after for a 3-kernel of stride 2 on an even size, explicit 1 and 1", () => {
  assert.deepEqual(axisPadding("same", 3, 2, 8), [0, 1]);
  assert.deepEqual(axisPadding("explicit", 3, 2, 8), [1, 1]);
});

Deno.test("zeroPad() adds no layer where there is nothing to pad", () => {
  const x = tf.input({ shape: [8, 8, 2] });
  assert.equal(zeroPad(tfjsLayers(null), x, "pad", { mode: "explicit", kernel: [1, 1], stride: 1 }), x);
});
