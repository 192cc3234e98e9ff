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
    assert.equal(record.proof.images, 500);
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

Deno.test("fuseModelFile() asks for fixed sizes when an input has none", () =>
  inTemporaryFolder(async (folder) => {
    const input = tf.input({ shape: [null, null, 3], name: "image" });
    const layer = tf.layers.conv2d({ filters: 2, kernelSize: 3 });
    await saveModel(folder, tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor }));
    await assert.rejects(
      fuseModelFile(folder, { output: `${folder}/plain`, tolerance: 1e-4, progress }),
      (error) => error instanceof InputError && /Input image of .* \(\[\?, \?, 3\]\)/.test(error.message),
    );
  }));

Deno.test("fuseModelFile() proves a model of a fixed batch with batches of that size", () =>
  inTemporaryFolder(async (folder) => {
    const model = "tests/fixtures/cases/31c-fixed-batch-of-one";
    const { record } = await fuseModelFile(model, { output: `${folder}/plain`, tolerance: 1e-4, progress });
    assert.ok(record.proof.pass);
    assert.equal(record.proof.images, 500);
  }));
