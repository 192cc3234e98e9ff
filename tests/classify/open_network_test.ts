import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { classifyAll, type ModelCard } from "../../src/classify/classifier.ts";
import { openNetwork } from "../../src/classify/open_network.ts";
import { openArtifacts } from "../../src/classify/tfjs.ts";
import { defaultNormalization } from "../../src/data/normalization.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { withPrecision } from "../../src/formats/tfjs/precision.ts";
import { randomizeBatchNorm } from "../fuse/randomize_batch_norm.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { Random } from "../../src/random.ts";
import { openRuntime } from "../../src/runtime/machine.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";

await startBackend();

const TOLERANCE = 1e-5;
const SIZE = [16, 16, 3] as const;
const CARD: ModelCard = {
  classNames: ["a", "b", "c"],
  inputSize: SIZE,
  normalization: defaultNormalization(3),
  givesProbabilities: false,
};

function foreign(...layers: tf.layers.Layer[]): Promise<tf.io.ModelArtifacts> {
  return artifactsOf(tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [...SIZE], filters: 8, kernelSize: 3, activation: "relu" }),
      ...layers,
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, activation: "softmax" }),
    ],
  }));
}

/** Both forms of our blocks, and a model of somebody else's. */
async function networks(): Promise<Record<string, tf.io.ModelArtifacts>> {
  const found: Record<string, tf.io.ModelArtifacts> = {};
  for (const block of ["repvgg", "mobileone", "dbb", "acnet"]) {
    const config = parseNetworkConfig({
      block,
      inputSize: SIZE,
      classCount: 3,
      stem: { width: 8, stride: 2 },
      stages: [{ depth: 2, width: 8 }, { depth: 1, width: 12 }],
    });
    const training = randomizeBatchNorm(await artifactsOf(createNetwork(config, { seed: 3 })), 5);
    found[`${block}, training form`] = training;
    found[`${block}, fused form`] = fuse(training).artifacts;
  }
  found["pools, dense and softmax"] = await foreign(
    tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
    tf.layers.averagePooling2d({ poolSize: 2 }),
  );
  found["weights of 8 bits"] = withPrecision(found["repvgg, fused form"]!, "uint8");
  return found;
}

/** A runtime that counts its plans. */
function counted(runtime: Runtime) {
  const seen = { compiled: [] as number[], alive: 0 };
  const compile: Runtime["compile"] = async (graph, options) => {
    seen.compiled.push(options.batch);
    seen.alive++;
    const plan = await runtime.compile(graph, options);
    return {
      ...plan,
      dispose() {
        seen.alive--;
        plan.dispose();
      },
    };
  };
  return { seen, runtime: { compile } };
}

function pixels(count: number): Uint8Array {
  const random = Random.from(1, "pixels", count);
  return Uint8Array.from({ length: count * SIZE[0] * SIZE[1] * SIZE[2] }, () => random.integer(256));
}

Deno.test("openNetwork() answers on the runtime as TensorFlow.js does, for any number of images", async (t) => {
  const onThreads = { one: await openRuntime(), two: await openRuntime({ threads: 2 }) };
  for (const [name, artifacts] of Object.entries(await networks())) {
    await t.step(name, async () => {
      const judge = await openArtifacts(artifacts, CARD, name);
      const answers: Float32Array[][] = [];
      for (const runtime of Object.values(onThreads)) {
        const count = counted(runtime);
        const classifier = await openNetwork(artifacts, CARD, name, {
          runtime: () => Promise.resolve(count.runtime),
          startTfjs: () => assert.fail("the runtime knows all operations"),
        });
        const found: Float32Array[] = [];
        for (const images of [1, 133, 7].map(pixels)) {
          const expected = await classifyAll(judge, images, CARD);
          found.push(await classifyAll(classifier, images, CARD));
          const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          assert.equal(found.at(-1)!.length, expected.length);
          const difference = Math.max(...expected.map((value, i) => Math.abs(value - found.at(-1)![i]!)));
          assert.ok(difference <= TOLERANCE * scale, `${difference / scale} of the scale`);
        }
        answers.push(found);
        // 133 are four times 25 and two times 17, which the plan for 25 serves.
        assert.deepEqual(count.seen.compiled, [1, 25, 7]);
        await classifier.dispose();
        assert.equal(count.seen.alive, 0);
      }
      assert.deepEqual(answers[1], answers[0], "threads must not change a bit");
      await judge.dispose();
    });
  }
});

Deno.test("a classifier on the runtime keeps few plans, whatever the numbers of images", async () => {
  const { seen, runtime } = counted(await openRuntime());
  const classifier = await openNetwork(await foreign(), CARD, "m", {
    runtime: () => Promise.resolve(runtime),
    startTfjs: () => assert.fail(),
  });
  const compiled: number[] = [];
  for (let round = 0; round < 6; round++) {
    for (let count = 1; count <= 35; count++) {
      assert.equal((await classifier.classify(pixels(count))).length, 3 * count);
      assert.ok(seen.alive <= 6, `${seen.alive} plans`);
    }
    compiled.push(seen.compiled.length);
  }
  assert.equal(compiled[5], compiled[4], "in the end all plans are there already");
  await classifier.dispose();
  assert.equal(seen.alive, 0);
});

Deno.test("openNetwork() leaves to TensorFlow.js what the runtime cannot run", async (t) => {
  const cases = {
    "an operation that it does not know": await foreign(tf.layers.cropping2D({ cropping: 1 })),
    "images of any size": await artifactsOf(tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [null, null, 3], filters: 3, kernelSize: 3 }),
        tf.layers.globalAveragePooling2d({}),
      ],
    })),
  };
  for (const [name, artifacts] of Object.entries(cases)) {
    await t.step(name, async () => {
      let started = 0;
      const classifier = await openNetwork(artifacts, CARD, name, {
        runtime: () => assert.fail("it should not even start"),
        startTfjs: () => Promise.resolve(started++),
      });
      assert.equal(started, 1);
      assert.equal((await classifier.classify(pixels(2))).length, 6);
      await classifier.dispose();
    });
  }
  await t.step("everything, where there is no runtime", async () => {
    let started = 0;
    const classifier = await openNetwork(await foreign(), CARD, "m", {
      startTfjs: () => Promise.resolve(started++),
    });
    assert.equal(started, 1);
    await classifier.dispose();
  });
});
