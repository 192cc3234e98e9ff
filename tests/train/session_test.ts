import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { WorkError } from "../../src/errors.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { createNetwork } from "../../src/model/network.ts";
import type { TrainingConfig } from "../../src/train/config.ts";
import { TrainingSession } from "../../src/train/session.ts";
import type { SessionState } from "../../src/train/state.ts";
import { TINY_NETWORK, TINY_TRAINING, tinyDataset } from "./tiny.ts";

await startBackend();

/** Everything random that a training may have, beside what {@link TINY_TRAINING} has. */
const AUGMENTED: TrainingConfig = {
  ...TINY_TRAINING,
  minCrop: 0.5,
  colorJitter: 0.3,
  cutout: 6,
  mixup: 0.4,
  balance: true,
};

function tinySession(config: TrainingConfig = TINY_TRAINING): TrainingSession {
  return new TrainingSession(createNetwork(TINY_NETWORK, { seed: 3 }), tinyDataset(), config, 3);
}

/** Runs to the end, and calls `before` ahead of every step. */
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

for (const [name, config] of Object.entries({ "the default": TINY_TRAINING, "every": AUGMENTED })) {
  Deno.test(`TrainingSession.restore() goes on bit by bit from before any step with ${name} augmentation`, () => {
    const states: SessionState[] = [];
    const whole = tinySession(config);
    const expected = finish(whole, () => states.push(whole.capture()));
    assert.equal(states.length, 6);
    for (const state of states) {
      const resumed = tinySession(config);
      resumed.restore(state);
      assert.deepEqual(finish(resumed), expected);
    }
  });
}

Deno.test("TrainingSession.trainStep() lowers the loss when it is repeated", () => {
  const session = tinySession({
    ...TINY_TRAINING,
    epochs: 30,
    learningRate: 0.1,
    dropout: 0,
    rDropAlpha: 0,
    shift: 0,
    flip: false,
  });
  finish(session);
  const first = session.history[0]!.trainingLoss;
  const last = session.history.at(-1)!.trainingLoss;
  assert.ok(last < 0.8 * first, `loss went from ${first} to ${last}`);
});

Deno.test("TrainingSession.trainStep() stops with step and rate, and keeps its weights, when the loss is not finite", () => {
  const session = tinySession({ ...TINY_TRAINING, learningRate: 1e30, warmupEpochs: 0 });
  session.trainStep();
  const kernels = () =>
    [...session.capture().tensors].filter(([name]) => name.startsWith("weights/") && name.endsWith("kernel"));
  let before = kernels();
  assert.throws(() => {
    for (let step = 0; step < 2; step++) {
      before = kernels();
      session.trainStep();
    }
  }, (thrown) => {
    assert.ok(thrown instanceof WorkError);
    assert.match(
      thrown.message,
      /loss is (NaN|-?Infinity) at step [23] \(epoch 1, learning rate \d\.\d+e\+\d+\)/,
    );
    return true;
  });
  assert.deepEqual(kernels(), before);
});

Deno.test("TrainingSession.endEpoch() leaves the same number of tensors after every epoch", () => {
  const session = tinySession({ ...AUGMENTED, epochs: 3 });
  const counts: number[] = [];
  while (!session.finished) {
    while (session.step < session.stepsPerEpoch) session.trainStep();
    session.endEpoch();
    counts.push(tf.memory().numTensors);
  }
  assert.equal(new Set(counts).size, 1, `tensors after each epoch: ${counts}`);
});

Deno.test("TrainingSession.dispose() frees all but the model", () => {
  const model = createNetwork(TINY_NETWORK, { seed: 3 });
  const before = tf.memory().numTensors;
  const session = new TrainingSession(model, tinyDataset(), TINY_TRAINING, 3);
  session.trainStep();
  session.dispose();
  assert.equal(tf.memory().numTensors, before);
});

/** A session whose epochs reach these accuracies. */
function sessionOf(accuracies: readonly number[], config: Partial<TrainingConfig>): TrainingSession {
  const session = tinySession({ ...TINY_TRAINING, epochs: 9, ...config });
  const state = session.capture();
  const history = accuracies.map((validationAccuracy, i) => ({
    epoch: i + 1,
    learningRate: 0.1,
    trainingLoss: 1,
    trainingAccuracy: 0.5,
    validationLoss: 1,
    validationAccuracy,
  }));
  session.restore({ ...state, history });
  return session;
}

Deno.test("TrainingSession.finished is early when the validation accuracy has not risen for as long as told", () => {
  const patience = 2;
  assert.equal(sessionOf([0.5, 0.6, 0.6], { patience }).finished, false);
  assert.equal(sessionOf([0.5, 0.6, 0.6, 0.4], { patience }).finished, true);
  assert.equal(sessionOf([0.5, 0.6, 0.6, 0.61], { patience }).finished, false);
  assert.equal(sessionOf([0.5, 0.6, 0.6, 0.4, 0.3], {}).finished, false);
});

Deno.test("TrainingSession.endEpoch() measures the validation images, and no others", () => {
  const dataset = tinyDataset();
  const model = createNetwork(TINY_NETWORK, { seed: 3 });
  const oneClass = dataset.train.labels.findIndex((label) => label === 4);
  const imageLength = 32 * 32 * 3;
  const validation = {
    images: dataset.train.images.slice(oneClass * imageLength, (oneClass + 1) * imageLength),
    labels: Uint8Array.of(4),
    count: 1,
  };
  const steered = new TrainingSession(model, { ...dataset, validation }, TINY_TRAINING, 3);
  while (steered.step < steered.stepsPerEpoch) steered.trainStep();
  const { validationAccuracy, validationLoss } = steered.endEpoch();
  assert.ok(validationAccuracy === 0 || validationAccuracy === 1, `${validationAccuracy} of one image`);
  assert.ok(validationLoss! > 0);
  const unsteered = tinySession();
  while (unsteered.step < unsteered.stepsPerEpoch) unsteered.trainStep();
  assert.equal(unsteered.endEpoch().validationAccuracy, undefined);
});
