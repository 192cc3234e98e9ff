import assert from "node:assert/strict";
import { DEFAULT_SETTINGS } from "../../src/bench/bench.ts";
import { exists } from "../../src/files/read.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { Datasets } from "../../src/run/datasets.ts";
import { evaluationFolder } from "../../src/run/evaluation_files.ts";
import { evaluate } from "../../src/run/evaluation_run.ts";
import { findNamed } from "../../src/run/named.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { fuseRun } from "../../src/run/fusion_run.ts";
import { runDirectoryAt } from "../../src/run/run_directory.ts";
import { runPipeline } from "../../src/run/pipeline_run.ts";
import { readRunFiles } from "../../src/run/report_run.ts";
import { requestConfig } from "../../src/train/run_config.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { TINY_NETWORK, tinyDataset } from "../train/tiny.ts";

const backend = await startBackend();
const dataset = tinyDataset();

Deno.test("runPipeline() decodes its data set once; both forms are evaluated beside each other and opened by any name", () =>
  inTemporaryFolder(async (folder) => {
    let loads = 0;
    const datasets = new Datasets(SILENT, () => {
      loads++;
      return Promise.resolve(dataset);
    });
    const { inputSize: _, classCount: __, ...network } = TINY_NETWORK;
    const request = requestConfig({}, {
      data: { source: "tiny" },
      network,
      training: { epochs: 1, batchSize: 8 },
    });
    const told: string[] = [];
    const context = {
      backend,
      progress: SILENT,
      datasets,
      signal: new AbortController().signal,
      twin: true,
      settings: { ...DEFAULT_SETTINGS, rounds: 2, warmupRounds: 1, warmupMs: 0, minimumMs: 0, batches: [1] },
      onTrained: () => told.push("trained"),
      onFused: () => told.push("fused"),
    };
    const { run, fusion, twin } = await runPipeline(request, context, `${folder}/run`);
    assert.equal(loads, 1);
    assert.deepEqual(told, ["trained", "fused"]);
    assert.ok(fusion.record.proof.pass);

    const plain = await fuseRun(runDirectoryAt(run.twin), {
      progress: SILENT,
      datasets,
      output: `${folder}/plain`,
    });
    assert.deepEqual(plain.record.after, fusion.record.after, "the twin costs the same to run");
    assert.notEqual(plain.record.before.convolutions, fusion.record.before.convolutions);
    assert.equal(twin?.fusedAccuracy, (await readRunFiles(run)).evaluations[0]!.evaluation.accuracy);
    assert.deepEqual((await readRunFiles(run)).twin, twin);

    const training = await openClassifier(run.path, "training");
    const { output } = await evaluate(training, { datasets, progress: SILENT });
    await training.classifier.dispose();
    assert.equal(output, evaluationFolder({ home: run.path, form: "training" }));
    assert.equal(loads, 1);
    const { evaluations } = await readRunFiles(run);
    assert.deepEqual(evaluations.map(({ evaluation }) => evaluation.form), ["fused", "training"]);
    assert.ok(await exists(`${run.path}/evaluation/fused/evaluation.json`));

    for (const path of [run.path, `${run.path}/`, run.fused, `${run.fused}/model.json`]) {
      const { classifier, form, home } = await openClassifier(path);
      await classifier.dispose();
      assert.deepEqual([form, home], ["fused", run.path], path);
    }
    assert.equal((await findNamed(`${run.fused}/model.json`, "fused")).kind, "model");
  }));
