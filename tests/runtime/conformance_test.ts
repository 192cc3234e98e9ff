/** One suite over every executor of a graph: each computes what TensorFlow.js computes on the model itself. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { openSession } from "../../src/formats/onnx/judge.ts";
import { writeOnnx } from "../../src/formats/onnx/write.ts";
import { openModel } from "../../src/model/open_model.ts";
import { Random } from "../../src/random.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { openRuntime } from "../../src/runtime/machine.ts";
import { packGraph } from "../../src/runtime/pack_graph.ts";
import { unpackGraph } from "../../src/runtime/read_graph.ts";
import { specimens } from "./specimens.ts";

const BATCH = 3;
/** Of the outputs' scale. */
const TOLERANCE = 1e-5;

const RUNTIMES = {
  "plain JavaScript": await openRuntime({ instructionSet: "none" }),
  "the kernels with relaxed SIMD": await openRuntime({ instructionSet: "relaxed-simd" }),
  "the kernels with SIMD": await openRuntime({ instructionSet: "simd" }),
  "the kernels on two threads": await openRuntime({ threads: 2 }),
};

Deno.test("a graph computes what its LayersModel does, on every executor", async (t) => {
  // The cpu backend is the plainest judge there is; the wasm backend's own 1x3 convolutions are wrong at the border.
  tf.env().set("IS_NODE", false); // Or it would recommend another package on the console.
  await tf.setBackend("cpu");
  for (const { name, artifacts } of await specimens()) {
    await t.step(name, async () => {
      const graph = readLayersModel(artifacts);
      const packed = packGraph(graph);
      const again = unpackGraph(JSON.parse(JSON.stringify(packed.json)), packed.weights);
      const random = Random.from(1, name);
      const inputShape = graph.values[graph.inputs[0]!.value]!.shape!.slice(1) as [number, number, number];
      const size = BATCH * inputShape.reduce((a, b) => a * b, 1);
      const images = Float32Array.from({ length: size }, () => random.uniform(-1, 1));
      const model = await openModel(artifacts, name);
      const expected = tf.tidy(() =>
        (model.predict(tf.tensor4d(images, [BATCH, ...inputShape])) as tf.Tensor).dataSync<"float32">()
      );
      model.dispose();
      const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(scale > 1e-3, "the outputs say nothing");
      const check = (executor: string, found: Float32Array) => {
        assert.equal(found.length, expected.length);
        const difference = found.reduce(
          (most, value, i) => Math.max(most, Math.abs(value - expected[i]!)),
          0,
        );
        assert.ok(difference <= TOLERANCE * scale, `${executor}: ${difference / scale} of the scale`);
      };
      const judge = await openSession(writeOnnx(graph), name);
      check("onnxruntime, on the graph as ONNX", await judge.run(images, [BATCH, ...inputShape]));
      await judge.release();
      for (const [executor, runtime] of Object.entries(RUNTIMES)) {
        for (const form of [graph, again]) {
          const plan = await runtime.compile(form, { batch: BATCH });
          plan.run([images.map((x) => -x)]); // What a run leaves behind must not reach the next.
          check(executor, plan.run([images])[0]!);
          plan.dispose();
        }
      }
    });
  }
});
