import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { compileNetwork } from "../../src/runtime/compile.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";

const IMAGE = { inputShape: [8, 8, 3] };

/** The message with which a model is refused. */
async function refusalOf(model: tf.LayersModel): Promise<string> {
  const artifacts = await artifactsOf(model);
  try {
    compileNetwork(artifacts);
  } catch (error) {
    assert.ok(error instanceof InputError);
    return error.message;
  }
  return "nothing";
}

Deno.test("compileNetwork() names the layer that it does not know", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ ...IMAGE, filters: 2, kernelSize: 1 }),
      tf.layers.upSampling2d({ name: "enlarge", size: [2, 2] }),
      tf.layers.globalAveragePooling2d({}),
    ],
  });
  assert.match(await refusalOf(model), /layer "enlarge" is of the class UpSampling2D/);
});

Deno.test("compileNetwork() refuses a network that is not from one image to one number per class", async () => {
  const images = tf.sequential({ layers: [tf.layers.conv2d({ ...IMAGE, filters: 2, kernelSize: 1 })] });
  assert.match(await refusalOf(images), /output \[8,8,2\] is not one number per class/);
  const vectors = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2 })] });
  assert.match(await refusalOf(vectors), /input \[4\] is not one image/);
  const open = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [null, null, 3], filters: 2, kernelSize: 1 }),
      tf.layers.globalAveragePooling2d({}),
    ],
  });
  assert.match(await refusalOf(open), /shape that is not fixed/);
});

Deno.test("compileNetwork() leaves out what inference does not need, and keeps a shared weight once", async () => {
  const input = tf.input({ shape: [8, 8, 3] });
  const conv = tf.layers.conv2d({ name: "shared", filters: 3, kernelSize: 3, padding: "same" });
  const dropped = tf.layers.dropout({ rate: 0.5 }).apply(conv.apply(input)) as tf.SymbolicTensor;
  const pooled = tf.layers.globalAveragePooling2d({}).apply(conv.apply(dropped)) as tf.SymbolicTensor;
  const { program, weights } = compileNetwork(
    await artifactsOf(tf.model({ inputs: input, outputs: pooled })),
  );
  assert.deepEqual(program.steps.map(({ op }) => op), ["convolution", "convolution", "globalAveragePool"]);
  assert.equal(weights.length, 3 * 3 * 3 * 3 + 3);
});
