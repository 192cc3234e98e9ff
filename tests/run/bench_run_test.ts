import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DEFAULT_SETTINGS } from "../../src/bench/bench.ts";
import { headlineOf, renderReport } from "../../src/bench/report.ts";
import { benchOnnxFile } from "../../src/run/bench_onnx.ts";
import { benchModel, benchRun } from "../../src/run/bench_run.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { encodeIdxFolder } from "../../src/data/idx_folder.ts";
import { loadDataset } from "../../src/data/load.ts";
import { GateError, InputError } from "../../src/errors.ts";
import { loadLayersModelArtifacts, saveLayersModel } from "../../src/formats/tfjs/layers_model.ts";
import { exists } from "../../src/files/read.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { createNetwork } from "../../src/model/network.ts";
import { Random } from "../../src/random.ts";
import { Datasets } from "../../src/run/datasets.ts";
import type { NamedFile } from "../../src/run/named.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { requestConfig } from "../../src/train/run_config.ts";
import { type RunDirectory, runDirectoryAt } from "../../src/run/run_directory.ts";

const backend = await startBackend();
const context = { backend, progress: SILENT, datasets: new Datasets(SILENT) };
const settings = { ...DEFAULT_SETTINGS, rounds: 3, warmupRounds: 1, warmupMs: 0, batches: [1, 6] };

Deno.test("benchRun() writes the report and the chart and leaves no tensor behind", async () => {
  await using folder = await temporaryFolder();
  const run = await makeRun(folder.path);
  const before = tf.memory().numTensors;
  const report = await benchRun(run, settings, { ...context, output: run });
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual(report.results.map(({ form, batch }) => `${form} ${batch}`), [
    "training 1",
    "fused 1",
    "fused, runtime 1",
    "training 6",
    "fused 6",
    "fused, runtime 6",
  ]);
  for (const { medianMs, p95Ms, imagesPerSecond, batch } of report.results) {
    assert.ok(medianMs > 0 && p95Ms >= medianMs);
    assert.ok(Math.abs(imagesPerSecond - 1000 * batch / medianMs) < 1e-6 * imagesPerSecond);
  }
  assert.deepEqual(headlineOf(report).map(({ batch }) => batch), [1, 6]);
  assert.ok(headlineOf(report).every(({ form, baseline }) => form === "fused" && baseline === "training"));
  assert.deepEqual(report.speedup.map(({ form }) => form), [
    "fused",
    "fused, runtime",
    "fused",
    "fused, runtime",
  ]);
  assert.match(renderReport(report), /without TensorFlow\.js/);
  for (const { low, ratio, high } of report.speedup) assert.ok(low <= ratio && ratio <= high);
  for (const form of report.forms) {
    assert.ok(form.parameters > 0 && form.heapBytes! > form.bytes && form.tensors! > 0);
  }
  assert.deepEqual(JSON.parse(await Deno.readTextFile(run.benchReport)), JSON.parse(JSON.stringify(report)));
  assert.match(await Deno.readTextFile(run.benchChart), /^<svg /);
});

Deno.test("benchRun() leaves the runtime out, and says why, where it does not know an operation or kernels are stock", async () => {
  await using folder = await temporaryFolder();
  const run = await makeRun(folder.path);
  const forms = async (over: Partial<typeof backend>) => {
    const lines: string[] = [];
    const progress = { ...SILENT, log: (line: string) => void lines.push(line) };
    const surroundings = { ...context, backend: { ...backend, ...over }, progress, output: run };
    const report = await benchRun(run, { ...settings, batches: [1] }, surroundings);
    return { forms: report.forms.map(({ form }) => form), lines: lines.join("\n") };
  };
  const stock = await forms({ kernels: "stock", instructionSet: "none" });
  assert.deepEqual(stock.forms, ["training", "fused"]);
  assert.match(stock.lines, /Without fused, runtime: .*stock/);
  assert.deepEqual((await forms({})).forms, ["training", "fused", "fused, runtime"]);
  await makeRun(
    folder.path,
    tf.sequential({
      layers: [
        tf.layers.upSampling2d({ interpolation: "bilinear", inputShape: [16, 16, 3], name: "larger" }),
        tf.layers.globalAveragePooling2d({}),
        tf.layers.dense({ units: 2 }),
      ],
    }),
  );
  const unknown = await forms({});
  assert.deepEqual(unknown.forms, ["training", "fused"]);
  assert.match(unknown.lines, /Without fused, runtime: .*"larger" .*UpSampling2D/);
});

Deno.test("benchRun() refuses, writes nothing and frees everything when one weight of the fused form is off", async () => {
  await using folder = await temporaryFolder();
  const run = await makeRun(folder.path);
  await spoilOneWeight(run.fused);
  const before = tf.memory().numTensors;
  await assert.rejects(benchRun(run, settings, { ...context, output: run }), GateError);
  assert.equal(tf.memory().numTensors, before);
  assert.equal(await exists(run.benchReport), false);
  assert.equal(await exists(run.benchChart), false);
});

/** A run on a tiny data set whose "fused" form is the training form once more. */
async function makeRun(folder: string, other?: tf.LayersModel): Promise<RunDirectory> {
  await Deno.mkdir(`${folder}/data`, { recursive: true });
  for (const [name, bytes] of encodeIdxFolder(tinyDataset())) {
    await Deno.writeFile(`${folder}/data/${name}`, bytes);
  }
  const dataset = await loadDataset(`${folder}/data`);
  const config = requestConfig({ data: { source: `${folder}/data` } }, {}).resolve(dataset);
  const run = runDirectoryAt(`${folder}/run`);
  await Deno.mkdir(run.path, { recursive: true });
  await Deno.writeTextFile(run.config, JSON.stringify(config));
  const model = other ?? createNetwork(config.network, { seed: 1 });
  await model.save(tf.io.withSaveHandler(async (artifacts) => {
    await saveLayersModel(run.snapshot, artifacts);
    await saveLayersModel(run.fused, artifacts);
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  }));
  model.dispose();
  return run;
}

/** Makes the last bias of a model larger. */
async function spoilOneWeight(folder: string): Promise<void> {
  const artifacts = await loadLayersModelArtifacts(folder);
  const weights = new Float32Array(artifacts.weightData as ArrayBuffer);
  weights[weights.length - 1]! += 0.01;
  await saveLayersModel(folder, { ...artifacts, weightData: weights.buffer });
}

/** Eight images of noise, 16x16x3, in two classes, for training and testing. */
function tinyDataset(): Omit<Dataset, "name" | "checksum"> {
  const random = Random.from(1, "pixels");
  const split = () => ({
    images: Uint8Array.from({ length: 8 * 16 * 16 * 3 }, () => random.integer(256)),
    labels: Uint8Array.from({ length: 8 }, (_, i) => i % 2),
    count: 8,
  });
  return { height: 16, width: 16, channels: 3, classNames: ["a", "b"], train: split(), test: split() };
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("benchOnnxFile() times an ONNX file beside its fused form in onnxruntime, and writes where it is told to alone", async () => {
  await using folder = await temporaryFolder();
  const source = onnxFixture("repvgg-17.onnx");
  const report = await benchOnnxFile(source, settings, { backend, progress: SILENT });
  assert.deepEqual(report.forms.map(({ form }) => form), ["training", "fused", "fused, runtime"]);
  assert.equal(report.network, `${source.path}, 32x32x3`);
  assert.match(renderReport(report), /\nonnxruntime-web wasm \d+\.\d+\.\d+, 1 thread; /);
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
  const output = runDirectoryAt(folder.path);
  await benchOnnxFile(source, settings, { backend, progress: SILENT, output });
  assert.ok(await exists(output.benchReport) && await exists(output.benchChart));
});

Deno.test("benchOnnxFile() compares several outputs, and images of either layout", async () => {
  for (const [file, forms] of [["yolo-17.onnx", 3], ["unet-17.onnx", 3], ["resnet18-17.onnx", 3]] as const) {
    const report = await benchOnnxFile(onnxFixture(file), settings, { backend, progress: SILENT });
    assert.equal(report.forms.length, forms, file);
    assert.ok(report.maxRelativeDifference < 1e-5, file);
  }
});

Deno.test("benchModel() refuses a network of other inputs than images", async () => {
  for (
    const [shape, layer, taken] of [
      [
        [6],
        tf.layers.dense({ units: 2 }),
        /it takes \[\?,6\], expected images \[N, height, width, channels\]/,
      ],
      [[32, 3], tf.layers.conv1d({ filters: 2, kernelSize: 3 }), /it takes \[\?,32,3\], expected images/],
    ] as const
  ) {
    await using folder = await temporaryFolder();
    const input = tf.input({ shape: [...shape] });
    const output = layer.apply(input) as tf.SymbolicTensor;
    await saveLayersModel(folder.path, await artifactsOf(tf.model({ inputs: input, outputs: output })));
    const model = { kind: "model", path: folder.path, folder: folder.path } as const;
    await assert.rejects(benchModel(model, settings, { backend, progress: SILENT }), taken);
  }
});

function onnxFixture(file: string): NamedFile {
  const folder = fileURLToPath(new URL("../fixtures/onnx", import.meta.url));
  return { kind: "file", path: `${folder}/${file}`, folder, format: "onnx" };
}

Deno.test("benchModel() gives open sizes the one that is said, keeps a fixed batch, and refuses what no memory holds", async () => {
  const bench = (name: string, over: object = {}, more: object = {}) => {
    const path = fileURLToPath(new URL(`../fixtures/cases/${name}`, import.meta.url));
    return benchModel({ kind: "model", path, folder: path }, { ...settings, rounds: 1, ...over }, {
      ...context,
      ...more,
    });
  };
  const open = await bench("31-no-fixed-size-stride-2", { batches: [1] }, { imageSize: 20 });
  assert.match(open.network, /, 20x20x3$/);
  const fixed = await bench("31c-fixed-batch-of-one", { batches: [1, 6] });
  assert.deepEqual([...new Set(fixed.results.map(({ batch }) => batch))], [1]);
  await assert.rejects(
    bench("31-no-fixed-size-stride-2", { batches: [1, 100_000] }, { imageSize: 1024 }),
    (error) => error instanceof InputError && /100,000 images at once: its values take/.test(error.message),
  );
});
