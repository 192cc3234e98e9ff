import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { NesterovSgd } from "../../src/train/optimizer.ts";

await startBackend();

/** torch.optim.SGD(nesterov=True, weight_decay=λ) in plain numbers. */
function plainSteps(
  weight: number,
  gradients: number[],
  decay: number,
  momentum: number,
  rate: number,
): number {
  let velocity = 0;
  let w = weight;
  for (const plain of gradients) {
    const gradient = plain + decay * w;
    velocity = momentum * velocity + gradient;
    w -= rate * (gradient + momentum * velocity);
  }
  return w;
}

Deno.test("NesterovSgd.step() equals PyTorch's rule, with decay on kernels only", () => {
  const kernel = tf.variable(tf.tensor1d([1, -2]));
  const bias = tf.variable(tf.tensor1d([3]));
  const optimizer = new NesterovSgd([
    { name: "layer/kernel", variable: kernel, decays: true },
    { name: "layer/bias", variable: bias, decays: false },
  ], { momentum: 0.9, weightDecay: 0.1 });
  const gradients = [0.5, -0.25, 1];
  for (const gradient of gradients) {
    optimizer.step([tf.tensor1d([gradient, -gradient]), tf.tensor1d([gradient])], 0.2);
  }
  const [first, second] = kernel.dataSync();
  assert.ok(Math.abs(first! - plainSteps(1, gradients, 0.1, 0.9, 0.2)) < 1e-6);
  assert.ok(Math.abs(second! - plainSteps(-2, gradients.map((g) => -g), 0.1, 0.9, 0.2)) < 1e-6);
  assert.ok(Math.abs(bias.dataSync()[0]! - plainSteps(3, gradients, 0, 0.9, 0.2)) < 1e-6);
});
