/** Pixels that are repeated: one operation in TensorFlow.js, in ONNX and in the runtime, and the same numbers in each. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { readOnnx } from "../../src/formats/onnx/read.ts";
import { writeOnnx } from "../../src/formats/onnx/write.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { writeLayersModel } from "../../src/formats/tfjs/write.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { runLayersModel, runOnnx } from "../../src/run/forms_runner.ts";
import { openRuntime } from "../../src/runtime/machine.ts";

await startBackend();

async function upsampling(size: [number, number], interpolation: "nearest" | "bilinear") {
  const input = tf.input({ shape: [3, 5, 2] });
  const output = tf.layers.upSampling2d({ size, interpolation }).apply(input) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  const artifacts = await artifactsOf(model);
  model.dispose();
  return artifacts;
}

const image = { numbers: Float32Array.from({ length: 60 }, (_, i) => Math.sin(i)), shape: [2, 3, 5, 2] };

for (const size of [[2, 2], [1, 3], [5, 4]] as [number, number][]) {
  Deno.test(`pixels repeated ${size.join(" by ")} are one operation in every format, and equal in all who run it`, async () => {
    const artifacts = await upsampling(size, "nearest");
    const graph = readLayersModel(artifacts);
    assert.deepEqual(graph.operations.map(({ op }) => op), ["upsample"]);
    const bytes = writeOnnx(graph);
    const back = readOnnx(bytes, "upsampling");
    assert.ok(back.operations.some((operation) => operation.op === "upsample"), "read from ONNX again");
    const runners = [
      await runLayersModel(artifacts, "tfjs"),
      await runOnnx(bytes, "onnx"),
      await runLayersModel(writeLayersModel(back), "from onnx"),
    ];
    const [expected, ...others] = await Promise.all(
      runners.map(async (runner) => (await runner.run([image]))[0]!),
    );
    const plan = await (await openRuntime()).compile(graph, { batch: 2 });
    for (const { numbers } of [...others, { numbers: plan.run([image.numbers])[0]! }]) {
      assert.deepEqual(numbers, expected!.numbers);
    }
    plan.dispose();
    for (const runner of runners) await runner.release();
  });
}

Deno.test("an UpSampling2D that blends pixels stays as it is", async () => {
  const graph = readLayersModel(await upsampling([2, 2], "bilinear"));
  assert.deepEqual(graph.operations.map(({ op }) => op), ["opaque"]);
});
