import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import {
  checkpointPaths,
  encodeCheckpoint,
  loadCheckpoint,
  loadNewestCheckpoint,
  saveCheckpoint,
} from "../../src/train/checkpoint.ts";
import type { SessionState } from "../../src/train/state.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const METRICS = {
  learningRate: 0.1,
  trainingLoss: 1 / 3,
  trainingAccuracy: 0.5,
  validationLoss: 2 / 7,
  validationAccuracy: 0.75,
};

function state(epoch: number): SessionState {
  return {
    history: Array.from({ length: epoch }, (_, i) => ({ epoch: i + 1, ...METRICS })),
    step: 2,
    lossSum: 0.1 + 0.2,
    correct: 17,
    epochRandom: [1, -2, 3, -4],
    random: [5, -6, 7, -8],
    tensors: new Map([
      ["weights/a/kernel", { shape: [2, 2], values: Float32Array.of(1.5, -0, 1e-42, 3) }],
      ["momentum/a/kernel", { shape: [2, 2], values: Float32Array.of(0.1, epoch, 0, -1) }],
    ]),
  };
}

const EXPECTED = {
  architecture: "this one",
  tensors: new Map([["weights/a/kernel", [2, 2]], ["momentum/a/kernel", [2, 2]]]),
};

const noWarning = (message: string) => assert.fail(message);

Deno.test("loadCheckpoint() returns the state bit by bit when it was saved", () =>
  inTemporaryFolder(async (folder) => {
    await saveCheckpoint(folder, state(3), EXPECTED.architecture, true);
    const { last, best } = checkpointPaths(folder);
    assert.deepEqual(await loadCheckpoint(last, EXPECTED), state(3));
    assert.deepEqual(await Deno.readFile(best), await Deno.readFile(last));
  }));

Deno.test("loadCheckpoint() refuses by name when any byte is changed or missing", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/last.safetensors`;
    const whole = await encodeCheckpoint(state(2), EXPECTED.architecture);
    for (let position = 0; position < whole.length; position += 7) {
      const damaged = Uint8Array.from(whole);
      damaged[position] = damaged[position]! ^ 0x55;
      await Deno.writeFile(path, damaged);
      await assert.rejects(loadCheckpoint(path, EXPECTED), (error) => {
        assert.ok(error instanceof InputError, `byte ${position}: ${error}`);
        assert.ok(error.message.includes(path), error.message);
        return true;
      });
      await Deno.writeFile(path, whole.subarray(0, position));
      await assert.rejects(loadCheckpoint(path, EXPECTED), InputError);
    }
  }));

Deno.test("loadNewestCheckpoint() falls back to the one before when last is cut, and says so", () =>
  inTemporaryFolder(async (folder) => {
    await saveCheckpoint(folder, state(1), EXPECTED.architecture, true);
    await saveCheckpoint(folder, state(2), EXPECTED.architecture, false);
    const { last, previous } = checkpointPaths(folder);
    assert.deepEqual(await loadNewestCheckpoint(folder, EXPECTED, noWarning), state(2));
    await Deno.truncate(last, 300);
    const warnings: string[] = [];
    assert.deepEqual(await loadNewestCheckpoint(folder, EXPECTED, (text) => warnings.push(text)), state(1));
    assert.equal(warnings.length, 1);
    assert.ok(warnings[0]!.includes(last) && warnings[0]!.includes(previous), warnings[0]!);
  }));

Deno.test("loadNewestCheckpoint() serves the one before when the machine stopped between two renames", () =>
  inTemporaryFolder(async (folder) => {
    await saveCheckpoint(folder, state(1), EXPECTED.architecture, true);
    const { last, previous } = checkpointPaths(folder);
    await Deno.rename(last, previous);
    assert.deepEqual(await loadNewestCheckpoint(folder, EXPECTED, noWarning), state(1));
  }));

Deno.test("loadNewestCheckpoint() refuses and looks no further when the architecture is another", () =>
  inTemporaryFolder(async (folder) => {
    await saveCheckpoint(folder, state(1), EXPECTED.architecture, true);
    await saveCheckpoint(folder, state(2), "another", false);
    await assert.rejects(
      loadNewestCheckpoint(folder, EXPECTED, noWarning),
      /last\.safetensors belongs to another network, data set or training configuration/,
    );
  }));

Deno.test("loadNewestCheckpoint() is undefined when nothing was saved", () =>
  inTemporaryFolder(async (folder) => {
    assert.equal(await loadNewestCheckpoint(folder, EXPECTED, noWarning), undefined);
  }));
