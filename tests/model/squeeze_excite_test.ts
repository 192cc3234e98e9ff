import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { tfjsLayers } from "../../src/model/tfjs_layers.ts";
import { squeezeExcite } from "../../src/model/squeeze_excite.ts";
import { randomizeWeights } from "./weights.ts";

Deno.test("squeezeExcite() multiplies each channel by its gate", async () => {
  await tf.setBackend("cpu");
  const input = tf.input({ shape: [3, 5, 32] });
  const output = squeezeExcite(tfjsLayers(1), input, { name: "block" });
  const model = randomizeWeights(tf.model({ inputs: input, outputs: output }));
  const [reduce, reduceBias] = model.getLayer("block/se_reduce").getWeights() as tf.Tensor[];
  const [expand, expandBias] = model.getLayer("block/se_expand").getWeights() as tf.Tensor[];
  assert.deepEqual(reduce!.shape, [32, 2]);
  tf.tidy(() => {
    const x = tf.randomNormal([2, 3, 5, 32], 0, 1, "float32", 1);
    const hidden = tf.relu(tf.mean(x, [1, 2]).matMul(reduce!).add(reduceBias!));
    const gate = tf.sigmoid(hidden.matMul(expand!).add(expandBias!)).reshape([2, 1, 1, 32]);
    const error = tf.sub(model.predict(x) as tf.Tensor, x.mul(gate)).abs().max().dataSync()[0]!;
    assert.ok(error < 1e-6, `differs by ${error}`);
  });
});

Deno.test("squeezeExcite() has at least one neuron", () => {
  const input = tf.input({ shape: [3, 5, 8] });
  const output = squeezeExcite(tfjsLayers(1), input, { name: "block" });
  const [kernel] = tf.model({ inputs: input, outputs: output }).getLayer("block/se_reduce").getWeights();
  assert.deepEqual(kernel!.shape, [8, 1]);
});
