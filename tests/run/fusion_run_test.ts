import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createProgress } from "../../src/cli/progress.ts";
import { GateError, InputError } from "../../src/errors.ts";
import { loadLayersModelArtifacts, saveLayersModel } from "../../src/formats/tfjs/layers_model.ts";
import { exists } from "../../src/files/read.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { createNetwork } from "../../src/model/network.ts";
import { fuseModelFile } from "../../src/run/fusion_run.ts";
import { TINY_NETWORK } from "../train/tiny.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

await startBackend();

const progress = createProgress({ quiet: true });

function chain(input: tf.SymbolicTensor, ...layers: tf.layers.Layer[]): tf.LayersModel {
  const output = layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
  return tf.model({ inputs: input, outputs: output });
}

async function saveModel(folder: string, model: tf.LayersModel): Promise<void> {
  await saveLayersModel(folder, await artifactsOf(model));
  model.dispose();
}

Deno.test("fuseModelFile() writes a proven model of fewer convolutions, and leaves no tensor behind", () =>
  inTemporaryFolder(async (folder) => {
    await saveModel(folder, createNetwork(TINY_NETWORK, { seed: 4 }));
    const before = tf.memory().numTensors;
    const { record } = await fuseModelFile(folder, { output: `${folder}/plain`, tolerance: 1e-4, progress });
    assert.equal(tf.memory().numTensors, before);
    assert.ok(record.proof.pass);
    assert.equal(record.proof.images, 200);
    assert.deepEqual([record.before.convolutions, record.after.convolutions], [6, 3]);
    const written = await loadLayersModelArtifacts(`${folder}/plain`);
    assert.equal(written.weightSpecs!.filter(({ name }) => name.includes("reparam")).length, 6);
  }));

Deno.test("fuseModelFile() leaves neither a model nor a tensor when the proof fails", () =>
  inTemporaryFolder(async (folder) => {
    await saveModel(folder, createNetwork(TINY_NETWORK, { seed: 4 }));
    await fuseModelFile(folder, { output: `${folder}/plain`, tolerance: 1e-4, progress });
    const before = tf.memory().numTensors;
    await assert.rejects(
      fuseModelFile(folder, { output: `${folder}/plain`, tolerance: 0, progress }),
      GateError,
    );
    assert.equal(tf.memory().numTensors, before);
    assert.equal(await exists(`${folder}/plain`), false);
  }));

Deno.test("fuseModelFile() proves a model of open sizes on images of the side that is asked for", () =>
  inTemporaryFolder(async (folder) => {
    const input = tf.input({ shape: [null, null, 3], name: "image" });
    const model = chain(
      input,
      tf.layers.conv2d({ filters: 2, kernelSize: 3 }),
      tf.layers.batchNormalization({}),
    );
    await saveModel(folder, model);
    for (const imageSize of [undefined, 9]) {
      const { record } = await fuseModelFile(folder, { output: `${folder}/plain`, imageSize, progress });
      assert.ok(record.proof.pass);
      assert.deepEqual(record.proof.regions.map(({ rounding }) => rounding === undefined), [false]);
    }
    await assert.rejects(
      fuseModelFile(folder, { output: `${folder}/plain`, imageSize: 1, progress }),
      InputError,
    );
  }));

Deno.test("fuseModelFile() proves a model of a fixed batch with batches of that size", () =>
  inTemporaryFolder(async (folder) => {
    const model = "tests/fixtures/cases/31c-fixed-batch-of-one";
    const { record } = await fuseModelFile(model, { output: `${folder}/plain`, tolerance: 1e-4, progress });
    assert.ok(record.proof.pass);
    assert.equal(record.proof.images, 200);
  }));
