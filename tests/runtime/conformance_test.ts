/** One suite over every executor of a program: each computes what TensorFlow.js computes on the model itself. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { buildKernels } from "../../src/kernels/build.ts";
import { openModel } from "../../src/model/open_model.ts";
import { KERNELS } from "../../src/runtime/fast_steps.ts";
import { createFastNetwork, createPlainNetwork, type Network } from "../../src/runtime/network.ts";
import { type CompiledNetwork, compileNetwork } from "../../src/runtime/compile.ts";
import { Random } from "../../src/random.ts";
import { createTfjsNetwork } from "../../src/deploy/page/tfjs_network.ts";
import { specimens } from "./specimens.ts";

const BATCH = 3;
/** Of the outputs' scale. */
const TOLERANCE = 1e-5;

type Execute = (network: CompiledNetwork) => Promise<Network>;

const fast = (instructionSet: "relaxed-simd" | "simd"): Execute => async ({ program, weights }) => {
  const binary = await buildKernels({ instructionSet, sharedMemory: false, only: KERNELS });
  return await createFastNetwork(program, weights, BATCH, await WebAssembly.compile(binary));
};

/** As the exported page runs it, but on the cpu backend. */
const onTfjs: Execute = ({ program, weights }) => {
  const network = createTfjsNetwork(program, weights);
  return Promise.resolve({
    batch: BATCH,
    run: (images) =>
      tf.tidy(() => network.run(tf.tensor4d(images, [BATCH, ...program.inputShape])).dataSync<"float32">()),
  });
};

const EXECUTORS: Record<string, Execute> = {
  "TensorFlow.js operations": onTfjs,
  "plain JavaScript": ({ program, weights }) => Promise.resolve(createPlainNetwork(program, weights, BATCH)),
  "the kernels with relaxed SIMD": fast("relaxed-simd"),
  "the kernels with SIMD": fast("simd"),
};

Deno.test("a compiled network computes what its LayersModel does, on every executor", async (t) => {
  // The cpu backend is the plainest judge there is; the wasm backend's own 1x3 convolutions are wrong at the border.
  tf.env().set("IS_NODE", false); // Or it would recommend another package on the console.
  await tf.setBackend("cpu");
  for (const { name, artifacts } of await specimens()) {
    await t.step(name, async () => {
      const compiled = compileNetwork(artifacts);
      const random = Random.from(1, name);
      const { inputShape } = compiled.program;
      const size = BATCH * inputShape.reduce((a, b) => a * b, 1);
      const images = Float32Array.from({ length: size }, () => random.uniform(-1, 1));
      const model = await openModel(artifacts, name);
      const expected = tf.tidy(() =>
        (model.predict(tf.tensor4d(images, [BATCH, ...inputShape])) as tf.Tensor).dataSync<"float32">()
      );
      model.dispose();
      const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(scale > 1e-3, "the outputs say nothing");
      for (const [executor, execute] of Object.entries(EXECUTORS)) {
        const network = await execute(compiled);
        network.run(images.map((x) => -x)); // What a run leaves behind must not reach the next.
        const found = network.run(images);
        assert.equal(found.length, expected.length);
        const difference = found.reduce(
          (most, value, i) => Math.max(most, Math.abs(value - expected[i]!)),
          0,
        );
        assert.ok(difference <= TOLERANCE * scale, `${executor}: ${difference / scale} of the scale`);
      }
    });
  }
});
