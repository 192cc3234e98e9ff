import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { defaultNormalization } from "../../src/data/normalization.ts";
import { InputError } from "../../src/errors.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { POOL_LAYER } from "../../src/model/architecture.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import type { TrainingConfig } from "../../src/train/config.ts";
import { trainingForward } from "../../src/train/forward.ts";
import { imageExamples } from "../../src/train/examples.ts";
import { behindFrozenStages } from "../../src/train/frozen_stages.ts";
import { recalibrate } from "../../src/train/recalibrate.ts";
import { TrainingSession } from "../../src/train/session.ts";
import type { SessionState } from "../../src/train/state.ts";
import type { TrainedPart } from "../../src/train/trained_part.ts";
import { randomizeWeights } from "../model/weights.ts";
import { TINY_TRAINING, tinyDataset } from "./tiny.ts";

await startBackend();

const STAGES = [{ depth: 2, width: 8 }, { depth: 1, width: 8 }];
const NETWORK = {
  inputSize: [32, 32, 3],
  classCount: 10,
  stem: { width: 4, stride: 2 },
  stages: STAGES,
} as const;
const OPTIONS = { views: 3, normalization: defaultNormalization(3), seed: 3 };

const dataset = { ...tinyDataset(), validation: tinyDataset().test };

function trainedNetwork(block: Record<string, unknown> = { block: "repvgg" }): tf.LayersModel {
  const model = createNetwork(parseNetworkConfig({ ...NETWORK, ...block }), { seed: 3 });
  tf.tidy(() => void randomizeWeights(model));
  return model;
}

async function session(
  model: tf.LayersModel,
  freeze: number,
  config: TrainingConfig = TINY_TRAINING,
): Promise<{ session: TrainingSession; part: TrainedPart }> {
  const part = await behindFrozenStages(model, dataset, config, { ...OPTIONS, freeze });
  return { session: new TrainingSession(model, dataset, config, 3, part), part };
}

function finish(session: TrainingSession, before: () => void = () => {}): SessionState {
  while (!session.finished) {
    while (session.step < session.stepsPerEpoch) {
      before();
      session.trainStep();
    }
    session.endEpoch();
  }
  return session.capture();
}

const everyImage = Uint32Array.from({ length: dataset.train.count }, (_, i) => i);

/** The largest difference, as a share of the largest value. */
function relativeDifference(actual: tf.Tensor, expected: tf.Tensor): number {
  return actual.sub(expected).abs().max().div(expected.abs().max()).dataSync()[0]!;
}

for (const block of ["repvgg", "mobileone", "dbb", "acnet", "fastvit", "unireplknet"]) {
  Deno.test(`behindFrozenStages() keeps what a ${block} network itself makes of images at each stage`, async () => {
    const model = trainedNetwork({ block });
    for (const freeze of [1, 2]) {
      const part = await behindFrozenStages(model, dataset, TINY_TRAINING, { ...OPTIONS, freeze });
      const trunk = tf.model({ inputs: model.inputs, outputs: part.input });
      const images = imageExamples(dataset.train, dataset).gather(everyImage).values;
      const expected = trunk.predict(images) as tf.Tensor;
      const { values, labels } = part.train.gather(everyImage);
      assert.deepEqual([...labels], [...dataset.train.labels]);
      assert.ok(relativeDifference(values, expected) <= 1e-5);
      assert.ok(relativeDifference(part.logitsOf(values), model.predict(images) as tf.Tensor) <= 1e-5);
    }
  });
}

Deno.test("behindFrozenStages() gives augmented views where a generator draws them, one view where nothing augments", async () => {
  const model = trainedNetwork();
  const { part } = await session(model, 1);
  const first = Uint32Array.of(5);
  const drawn = [0, 1, 2].map((view) => {
    const random = { integer: () => view } as unknown as Parameters<typeof part.train.gather>[1];
    return part.train.gather(first, random!).values.dataSync();
  });
  assert.deepEqual(drawn[0], part.train.gather(first).values.dataSync());
  assert.notDeepEqual(drawn[1], drawn[0]);
  assert.notDeepEqual(drawn[2], drawn[1]);

  const still = { ...TINY_TRAINING, shift: 0, flip: false };
  const counts: number[] = [];
  await behindFrozenStages(model, dataset, still, {
    ...OPTIONS,
    freeze: 1,
    onProgress: (_, count) => counts.push(count),
  });
  assert.equal(counts[0], dataset.train.count + dataset.validation.count);
});

Deno.test("behindFrozenStages() says what to do when the features do not fit the memory", async () => {
  await assert.rejects(
    behindFrozenStages(trainedNetwork(), dataset, TINY_TRAINING, { ...OPTIONS, freeze: 1, views: 1e6 }),
    (thrown) => thrown instanceof InputError && /stages 1 to 1 .* GB/.test(thrown.message),
  );
});

Deno.test("TrainingSession leaves frozen stages as they are to the bit, and changes all the others", async () => {
  for (const freeze of [1, 2]) {
    const model = trainedNetwork();
    const { session: running, part } = await session(model, freeze);
    const before = running.capture().tensors;
    const { tensors } = finish(running);
    running.adoptServedWeights();
    const batch = part.train.gather(everyImage).values;
    const pool = model.getLayer(POOL_LAYER).output as tf.SymbolicTensor;
    recalibrate(model, [batch], trainingForward(part.input, pool));
    const served = running.capture().tensors;
    for (const [name, { values }] of before) {
      if (!name.startsWith("weights/")) continue;
      const frozen = Number(/^weights\/stage(\d)/.exec(name)?.[1] ?? 9) <= freeze;
      for (const after of [tensors, served]) {
        if (frozen) assert.deepEqual(after.get(name)!.values, values, name);
        else assert.notDeepEqual(after.get(name)!.values, values, name);
      }
    }
    const slots = [...tensors.keys()].filter((name) => name.startsWith("momentum/"));
    assert.ok(
      slots.length > 0 && slots.every((name) => !/stage[01]\//.test(name)),
      "no momentum of frozen stages",
    );
  }
});

Deno.test("TrainingSession.restore() goes on bit by bit from before any step behind frozen stages", async () => {
  const config = { ...TINY_TRAINING, mixup: 0.4, balance: true };
  const states: SessionState[] = [];
  const { session: whole } = await session(trainedNetwork(), 1, config);
  const expected = finish(whole, () => states.push(whole.capture()));
  assert.equal(states.length, 6);
  assert.equal(typeof expected.history[0]!.validationAccuracy, "number");
  for (const state of states) {
    const { session: resumed } = await session(trainedNetwork(), 1, config);
    resumed.restore(state);
    assert.deepEqual(finish(resumed), expected);
  }
});

Deno.test("TrainingSession leaves no tensor behind when stages are frozen", async () => {
  const empty = tf.memory().numTensors;
  const model = trainedNetwork();
  const before = tf.memory().numTensors;
  const { session: running } = await session(model, 1, { ...TINY_TRAINING, epochs: 3 });
  const counts: number[] = [];
  while (!running.finished) {
    while (running.step < running.stepsPerEpoch) running.trainStep();
    running.endEpoch();
    counts.push(tf.memory().numTensors);
  }
  assert.equal(new Set(counts).size, 1, `tensors after each epoch: ${counts}`);
  running.dispose();
  assert.equal(tf.memory().numTensors, before);
  model.dispose();
  assert.equal(tf.memory().numTensors, empty);
});
