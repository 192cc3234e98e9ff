import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { graphOf } from "../artifacts.ts";
import { torchTensors } from "../../../src/model/torch/tensors.ts";
import { GroupedConv2D } from "../../../src/model/layers/grouped_conv2d.ts";

/** A model of one layer on 5x5 images of 3 channels. */
function single(layer: tf.layers.Layer): tf.LayersModel {
  const input = tf.input({ shape: [5, 5, 3] });
  return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
}

Deno.test("torchTensors() gives depthwise kernels with a multiplier the layout of PyTorch's grouped convolution", async () => {
  await tf.setBackend("cpu");
  const depthwise = single(
    tf.layers.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2, useBias: false }),
  );
  const grouped = single(new GroupedConv2D({ filters: 6, groups: 3, kernelSize: [3, 2], useBias: false }));
  const [from] = torchTensors(await graphOf(depthwise), () => "conv");
  const [to] = torchTensors(await graphOf(grouped), () => "conv");
  assert.deepEqual(from!.shape, [6, 1, 3, 2]);
  assert.deepEqual(to!.shape, from!.shape);
  tf.tidy(() => {
    const [weights] = depthwise.getWeights();
    const values = tf.randomNormal(weights!.shape, 0, 1, "float32", 1);
    depthwise.setWeights([values]);
    const kernel = to!.fromTorch(from!.toTorch(values.dataSync() as Float32Array));
    grouped.setWeights([tf.tensor(kernel, grouped.getWeights()[0]!.shape)]);
    const x = tf.randomNormal([1, 5, 5, 3], 0, 1, "float32", 2);
    const [a, b] = [depthwise, grouped].map((model) => model.predict(x) as tf.Tensor);
    assert.ok(tf.sub(a!, b!).abs().max().dataSync()[0]! < 1e-6);
  });
});

Deno.test("torchTensors() brings every layout back to where it was", async () => {
  const layers = [
    tf.layers.conv2d({ filters: 4, kernelSize: [3, 2] }),
    tf.layers.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2 }),
    new GroupedConv2D({ filters: 6, groups: 3, kernelSize: [3, 2] }),
    tf.layers.dense({ units: 4 }),
    tf.layers.dense({ units: 4, name: "block/se_reduce" }),
    tf.layers.batchNormalization(),
  ];
  for (const layer of layers) {
    for (const { shape, toTorch, fromTorch } of torchTensors(await graphOf(single(layer)), () => "module")) {
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
      assert.deepEqual(fromTorch(toTorch(values)), values);
    }
  }
});

Deno.test("torchTensors() refuses layers that PyTorch's network does not have", async () => {
  const conv = await graphOf(single(tf.layers.conv2d({ name: "extra", filters: 4, kernelSize: 3 })));
  assert.throws(
    () => torchTensors(conv, () => undefined),
    (error: unknown) => error instanceof InputError && /layer extra \(Conv2D\)/.test(error.message),
  );
  const slopes = await graphOf(single(tf.layers.prelu({ alphaInitializer: "randomNormal" })));
  assert.throws(() => torchTensors(slopes, () => "module"), InputError);
});
