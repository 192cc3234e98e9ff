/** What the runtime takes of a LayersModel, and what it refuses. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { checkGraph } from "../../src/runtime/check_graph.ts";
import { packGraph } from "../../src/runtime/pack_graph.ts";
import { schedule } from "../../src/runtime/schedule.ts";

async function assertRefused(model: tf.LayersModel, message: RegExp): Promise<void> {
  const graph = readLayersModel(await artifactsOf(model));
  assert.throws(() => checkGraph(graph), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("checkGraph() names the layer that the runtime does not know", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 2, kernelSize: 1 }),
      tf.layers.upSampling2d({ interpolation: "bilinear", name: "enlarge", size: [2, 2] }),
      tf.layers.globalAveragePooling2d({}),
    ],
  });
  await assertRefused(model, /"enlarge" \(opaque\) is UpSampling2D/);
});

Deno.test("checkGraph() refuses images whose size is not fixed", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [null, null, 3], filters: 2, kernelSize: 1 }),
      tf.layers.globalAveragePooling2d({}),
    ],
  });
  await assertRefused(model, /no fixed shape/);
});

Deno.test("schedule() leaves out what inference does not need, and packGraph() keeps a shared weight once", async () => {
  const input = tf.input({ shape: [8, 8, 3] });
  const conv = tf.layers.conv2d({ name: "shared", filters: 3, kernelSize: 3, padding: "same" });
  const dropped = tf.layers.dropout({ rate: 0.5 }).apply(conv.apply(input)) as tf.SymbolicTensor;
  const pooled = tf.layers.globalAveragePooling2d({}).apply(conv.apply(dropped)) as tf.SymbolicTensor;
  const graph = readLayersModel(await artifactsOf(tf.model({ inputs: input, outputs: pooled })));
  assert.deepEqual(
    schedule(graph, 1).operations.map(({ op }) => op),
    ["convolution", "convolution", "globalAveragePool"],
  );
  assert.equal(packGraph(graph).weights.length, 3 * 3 * 3 * 3 + 3);
});
