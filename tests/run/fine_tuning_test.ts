import assert from "node:assert/strict";
import { appendFile, readFile, rename, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { classSubset } from "../../src/data/class_subset.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { normalizationOf } from "../../src/data/normalization.ts";
import { InputError, InterruptedError } from "../../src/errors.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import type { Progress } from "../../src/progress.ts";
import { readRunConfig } from "../../src/run/config.ts";
import { Datasets } from "../../src/run/datasets.ts";
import { evaluate } from "../../src/run/evaluation_run.ts";
import { fuseRun } from "../../src/run/fusion_run.ts";
import { importWeights } from "../../src/run/import_weights.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { readModelSource } from "../../src/run/read_source.ts";
import { type RunDirectory, runDirectoryAt } from "../../src/run/run_directory.ts";
import { resumeTraining, startTraining } from "../../src/run/training_run.ts";
import type { FineTuningRequest } from "../../src/train/fine_tuning.ts";
import { requestConfig } from "../../src/train/run_config.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { tinyDataset } from "../train/tiny.ts";

const backend = await startBackend();

const SOURCE_DATA = await classSubset(tinyDataset(), [0, 1, 2, 3, 4, 5, 6]);
const NEW_DATA = await classSubset(tinyDataset(), [7, 8, 9]);
const NETWORK = {
  block: "repvgg",
  stem: { width: 4 },
  stages: [{ depth: 2, width: 8 }, { depth: 1, width: 8 }],
};
const TRAINING = { epochs: 2, batchSize: 4, learningRate: 0.05, emaDecay: 0.9, recalibrateBatches: 1 };

/** What training needs; the signal fires when so many steps were told of. */
function contextOf(dataset: Dataset, steps = Infinity) {
  const stop = new AbortController();
  let told = 0;
  const progress: Progress = {
    ...SILENT,
    update: (what) => what.startsWith("epoch") && ++told >= steps && stop.abort(),
  };
  const datasets = new Datasets(progress, () => Promise.resolve(dataset));
  return { backend, progress, datasets, signal: stop.signal };
}

async function trainSource(folder: string): Promise<RunDirectory> {
  const request = requestConfig({}, { data: { source: "old" }, network: NETWORK, training: TRAINING });
  const { run } = await startTraining(request, contextOf(SOURCE_DATA), folder);
  return runDirectoryAt(run);
}

function requestOf(from: FineTuningRequest) {
  return requestConfig({}, { data: { source: "new" }, training: TRAINING }, undefined, from);
}

async function fineTune(
  folder: string,
  from: FineTuningRequest,
  dataset = NEW_DATA,
): Promise<RunDirectory> {
  const { run } = await startTraining(requestOf(from), contextOf(dataset), folder);
  return runDirectoryAt(run);
}

/** What must not depend on interruptions. */
async function resultOf(run: RunDirectory): Promise<Uint8Array[]> {
  const files = [
    run.metrics,
    run.bnSnapshot,
    `${run.snapshot}/model.json`,
    `${run.snapshot}/weights-1of1.bin`,
    `${run.checkpoints}/last.safetensors`,
  ];
  return await Promise.all(files.map(async (file) => new Uint8Array(await readFile(file))));
}

Deno.test("resumeTraining() ends to the byte, frozen or not, when the run was interrupted and its source is gone", () =>
  inTemporaryFolder(async (folder) => {
    const source = await trainSource(`${folder}/source`);
    for (const freeze of [0, 1, 2]) {
      const from = { network: source.path, freeze };
      const whole = await fineTune(`${folder}/whole${freeze}`, from);
      const folders = [1, 3].map((steps) => ({ steps, path: `${folder}/stopped${freeze}-${steps}` }));
      for (const { steps, path } of folders) {
        await assert.rejects(
          startTraining(requestOf(from), contextOf(NEW_DATA, steps), path),
          InterruptedError,
        );
      }
      await rename(source.path, `${folder}/away`);
      for (const { path } of folders) {
        await resumeTraining(runDirectoryAt(path), contextOf(NEW_DATA));
        assert.deepEqual(await resultOf(runDirectoryAt(path)), await resultOf(whole));
      }
      // Before the first checkpoint there is nothing but the configuration and the copy.
      await rm(whole.checkpoints, { recursive: true });
      const expected = await resultOf(runDirectoryAt(folders[0]!.path));
      await resumeTraining(whole, contextOf(NEW_DATA));
      assert.deepEqual(await resultOf(whole), expected);
      await rename(`${folder}/away`, source.path);
    }
  }));

Deno.test("resumeTraining() refuses a run whose copy of the source was changed", () =>
  inTemporaryFolder(async (folder) => {
    const source = await trainSource(`${folder}/source`);
    const from = { network: source.path, freeze: 1 };
    await assert.rejects(
      startTraining(requestOf(from), contextOf(NEW_DATA, 1), `${folder}/run`),
      InterruptedError,
    );
    const file = `${folder}/run/source/weights-1of1.bin`;
    const bytes = new Uint8Array(await readFile(file));
    bytes[5]! ^= 1;
    await rm(file);
    await appendFile(file, bytes);
    await assert.rejects(
      resumeTraining(runDirectoryAt(`${folder}/run`), contextOf(NEW_DATA)),
      (thrown) => thrown instanceof InputError && /run\/source are not those/.test(thrown.message),
    );
  }));

Deno.test("startTraining() keeps the frozen stages of its source, whose run or fused folder is named, and fuses with proof", () =>
  inTemporaryFolder(async (folder) => {
    const source = await trainSource(`${folder}/source`);
    await fuseRun(source, { ...contextOf(SOURCE_DATA), output: source.fused });
    for (const [name, network] of Object.entries({ run: source.path, fused: source.fused })) {
      const run = await fineTune(`${folder}/from-${name}`, { network, freeze: 1 });
      const config = await readRunConfig(run.config);
      assert.equal(config.from!.path, network);
      assert.equal(config.training.form, name === "run" ? "wide" : "deploy");
      assert.deepEqual(config.data.classNames, NEW_DATA.classNames);

      const before = await weightsIn(`${run.path}/source`);
      const after = await weightsIn(run.snapshot);
      assert.equal(after.get("head/dense/bias")!.length, 4 * NEW_DATA.classNames.length);
      for (const [weight, values] of after) {
        if (/^stage[01]\//.test(weight)) assert.deepEqual(values, before.get(weight), weight);
        if (/^stage2\/.*kernel$/.test(weight)) assert.notDeepEqual(values, before.get(weight), weight);
      }
      const { record } = await fuseRun(run, { ...contextOf(NEW_DATA), output: run.fused });
      assert.ok(record.proof.pass);
    }
  }));

Deno.test("startTraining() keeps the head as well where the classes are the same, so that unfreezing goes on", () =>
  inTemporaryFolder(async (folder) => {
    const source = await trainSource(`${folder}/source`);
    const frozen = await fineTune(`${folder}/frozen`, { network: source.path, freeze: 2 });
    const unfrozen = await fineTune(`${folder}/unfrozen`, { network: frozen.path, freeze: 0 });
    assert.equal((await readRunConfig(frozen.config)).from!.keepsHead, undefined);
    assert.equal((await readRunConfig(unfrozen.config)).from!.keepsHead, true);

    const settings = { ...TRAINING, epochs: 1, learningRate: 1e-9, emaDecay: 0, recalibrateBatches: 0 };
    const request = requestConfig({}, { data: { source: "new" }, training: settings }, undefined, {
      network: frozen.path,
      freeze: 0,
    });
    const { run } = await startTraining(request, contextOf(NEW_DATA), `${folder}/still`);
    const [before, after] = [await weightsIn(frozen.snapshot), await weightsIn(runDirectoryAt(run).snapshot)];
    const numbers = (weights: Map<string, Uint8Array>) =>
      new Float32Array(weights.get("head/dense/kernel")!.slice().buffer);
    numbers(before).forEach((value, i) => assert.ok(Math.abs(value - numbers(after)[i]!) < 1e-6));
    assert.ok(numbers(before).some((value) => Math.abs(value) > 1e-3));
    const { record } = await fuseRun(unfrozen, { ...contextOf(NEW_DATA), output: unfrozen.fused });
    assert.ok(record.proof.pass);
  }));

async function weightsIn(path: string): Promise<Map<string, Uint8Array>> {
  const { artifacts } = await readModelSource(path, "training");
  const { weightSpecs = [], weightData } = artifacts;
  const bytes = Array.isArray(weightData) ? weightData : [weightData!];
  const all = new Uint8Array(await new Blob(bytes).arrayBuffer());
  let offset = 0;
  return new Map(weightSpecs.map(({ name, shape }) => {
    const length = 4 * shape.reduce((product, side) => product * side, 1);
    return [name, all.slice(offset, offset += length)];
  }));
}

Deno.test("startTraining() takes size, mean and deviation of an imported network, into the card of what comes of it", () =>
  inTemporaryFolder(async (folder) => {
    const fixture = fileURLToPath(new URL("../fixtures/net-repvgg.safetensors", import.meta.url));
    const [mean, std] = [[0.4, 0.5, 0.6], [0.2, 0.3, 0.4]] as const;
    const imported = `${folder}/imported`;
    await importWeights(fixture, {
      prefix: "state/",
      imageSize: 32,
      pixels: "0..1",
      mean,
      std,
      output: imported,
      progress: SILENT,
    });
    const from = { network: imported, freeze: 1 };
    const { testAccuracy } = await startTraining(requestOf(from), contextOf(NEW_DATA), `${folder}/run`);
    const run = runDirectoryAt(`${folder}/run`);
    const { card } = await readModelSource(run.path, "training");
    assert.deepEqual(card.normalization, normalizationOf("0..1", mean, std));
    await fuseRun(run, { ...contextOf(NEW_DATA), output: run.fused });
    for (const form of ["training", "fused"] as const) {
      assert.equal(await accuracyOf(run, form), testAccuracy, form);
    }
  }));

/** The classifier reads the card; training reads the configuration. */
async function accuracyOf(run: RunDirectory, form: "training" | "fused"): Promise<number> {
  const network = await openClassifier(run.path, form);
  try {
    return (await evaluate(network, contextOf(NEW_DATA))).evaluation.accuracy;
  } finally {
    await network.classifier.dispose();
  }
}

Deno.test("startTraining() freezes all but the last stage when images are few and nobody says how many, and says so", () =>
  inTemporaryFolder(async (folder) => {
    const source = await trainSource(`${folder}/source`);
    const lines: string[] = [];
    const context = contextOf(NEW_DATA);
    const progress = { ...context.progress, log: (line: string) => lines.push(line) };
    await startTraining(requestOf({ network: source.path }), { ...context, progress }, `${folder}/run`);
    assert.ok(lines.some((line) => /stages up to 1 of 2 are frozen; --freeze says otherwise$/.test(line)));
    assert.equal((await readRunConfig(`${folder}/run/config.json`)).from!.freeze, 1);
  }));

Deno.test("startTraining() refuses what cannot be fine-tuned, names it, and writes nothing", () =>
  inTemporaryFolder(async (folder) => {
    const source = await trainSource(`${folder}/source`);
    const grey = { ...NEW_DATA, channels: 1 };
    const cases: [FineTuningRequest, Dataset, RegExp][] = [
      [{ network: `${folder}/nowhere` }, NEW_DATA, /nowhere/],
      [{ network: source.path }, grey, /takes images of 3 channels; those of tiny have 1/],
      [{ network: source.path, freeze: 3 }, NEW_DATA, /Cannot freeze up to stage 3: .* has 2 stages/],
    ];
    for (const [from, dataset, message] of cases) {
      await assert.rejects(
        fineTune(`${folder}/run`, from, dataset),
        (thrown) => thrown instanceof InputError && message.test(thrown.message),
      );
      await assert.rejects(readFile(`${folder}/run/config.json`));
    }
  }));

Deno.test("requestConfig() refuses a description of a network beside one to fine-tune", () => {
  for (const flags of [{ network: { block: "dbb" } }, { preset: "toy" }, { training: { form: "plain" } }]) {
    assert.throws(
      () => requestConfig({}, flags, undefined, { network: "runs/base" }),
      (thrown) => thrown instanceof InputError && /--from takes the network as it is/.test(thrown.message),
    );
  }
});
