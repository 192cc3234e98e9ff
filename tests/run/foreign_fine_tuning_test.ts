import assert from "node:assert/strict";
import { readFile, rename, writeFile } from "node:fs/promises";
import * as tf from "@tensorflow/tfjs";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { normalizationOf } from "../../src/data/normalization.ts";
import { ONNX_FORMAT } from "../../src/deploy/onnx_format.ts";
import { GateError, InputError, InterruptedError } from "../../src/errors.ts";
import { saveLayersModel } from "../../src/formats/tfjs/layers_model.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { computedWeight } from "../../src/graph/weights.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import type { Progress } from "../../src/progress.ts";
import { Random } from "../../src/random.ts";
import { readRunConfig } from "../../src/run/config.ts";
import { Datasets } from "../../src/run/datasets.ts";
import { evaluate } from "../../src/run/evaluation_run.ts";
import { exportModel } from "../../src/run/export_run.ts";
import { fuseRun } from "../../src/run/fusion_run.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { readModelSource } from "../../src/run/read_source.ts";
import { type RunDirectory, runDirectoryAt } from "../../src/run/run_directory.ts";
import { modelToTrain, wholeUnderHead } from "../../src/run/trainee.ts";
import { resumeTraining, startTraining } from "../../src/run/training_run.ts";
import type { FineTuningRequest } from "../../src/train/fine_tuning.ts";
import { behindFrozenTrunk } from "../../src/train/frozen_trunk.ts";
import { requestConfig } from "../../src/train/run_config.ts";
import { trunkOf } from "../../src/graph/trunk.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { graphOf } from "../model/artifacts.ts";
import { randomizeWeights } from "../model/weights.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const backend = await startBackend();

const SIDE = 12;
const COLOURS = [[200, 60, 50], [60, 190, 70], [70, 60, 210]] as const;
const TRAINING = { epochs: 12, batchSize: 8, learningRate: 0.1, emaDecay: 0.5, recalibrateBatches: 1 };

/** Noise around one colour for each class. */
function colours(seed: number, count: number): Split {
  const random = Random.from(seed, "colours");
  const labels = Uint8Array.from({ length: count }, (_, i) => i % COLOURS.length);
  const images = new Uint8Array(count * SIDE * SIDE * 3);
  images.forEach((_, i) => {
    const colour = COLOURS[labels[Math.floor(i / (SIDE * SIDE * 3))]!]!;
    images[i] = colour[i % 3]! + random.integer(81) - 40;
  });
  return { count, images, labels };
}

const DATA: Dataset = {
  name: "colours",
  height: SIDE,
  width: SIDE,
  channels: 3,
  classNames: ["red", "green", "blue"],
  train: colours(1, 48),
  test: colours(2, 24),
  checksum: "colours",
};

/** A classifier of five classes as another program makes one: residual, hidden layers behind its pooling, a softmax. */
function foreignNetwork(side: number | null = SIDE, batch: number | null = null): tf.LayersModel {
  const { layers } = tf;
  const inputs = tf.input({ batchShape: [batch, side, side, 3], name: "pictures" });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(x) as tf.SymbolicTensor;
  const kernelInitializer = tf.initializers.heNormal({ seed: 1 });
  const conv = (name: string) =>
    layers.conv2d({ name, filters: 16, kernelSize: 3, padding: "same", useBias: false, kernelInitializer });
  const normed = (name: string, x: tf.SymbolicTensor) =>
    apply(layers.batchNormalization({ name: `${name}_bn` }), apply(conv(name), x));
  const stem = apply(layers.reLU({ name: "stem_relu" }), normed("stem", inputs));
  const sum = apply(layers.add({ name: "sum" }), [stem, normed("body", stem)]);
  const pooled = apply(
    layers.globalAveragePooling2d({ name: "gap" }),
    apply(layers.reLU({ name: "r" }), sum),
  );
  const hidden = apply(layers.dense({ name: "hidden", units: 6, activation: "relu" }), pooled);
  const outputs = apply(layers.dense({ name: "classes", units: 5, activation: "softmax" }), hidden);
  return randomizeWeights(tf.model({ inputs, outputs, name: "theirs" }));
}

async function saveForeign(folder: string, network = foreignNetwork()): Promise<string> {
  const artifacts = await artifactsOf(network);
  network.dispose();
  await Deno.mkdir(folder, { recursive: true });
  await saveLayersModel(folder, artifacts);
  return `${folder}/model.json`;
}

function contextOf(dataset: Dataset = DATA, steps = Infinity) {
  const stop = new AbortController();
  let told = 0;
  const lines: string[] = [];
  const progress: Progress = {
    update: (what) => what.startsWith("epoch") && ++told >= steps && stop.abort(),
    log: (line) => lines.push(line),
  };
  const datasets = new Datasets(progress, () => Promise.resolve(dataset));
  return { backend, progress, datasets, signal: stop.signal, lines };
}

function requestOf(from: FineTuningRequest, training: Record<string, unknown> = {}) {
  return requestConfig(
    {},
    { data: { source: "new" }, training: { ...TRAINING, ...training } },
    undefined,
    from,
  );
}

async function fineTune(folder: string, from: FineTuningRequest, context = contextOf()) {
  const { testAccuracy } = await startTraining(requestOf(from), context, folder);
  return { run: runDirectoryAt(folder), testAccuracy };
}

async function accuracyOf(run: RunDirectory, form: "training" | "fused"): Promise<number> {
  const network = await openClassifier(run.path, form);
  try {
    return (await evaluate(network, contextOf())).evaluation.accuracy;
  } finally {
    await network.classifier.dispose();
  }
}

Deno.test("startTraining() makes a run like any other of a foreign network, which classifies, is fused with proof and exported", () =>
  inTemporaryFolder(async (folder) => {
    const network = await saveForeign(`${folder}/theirs`);
    const mean = [0.4, 0.5, 0.6], std = [0.2, 0.3, 0.4];
    const context = contextOf();
    const tuned = await fineTune(`${folder}/run`, { network, pixels: "0..1", mean, std, views: 2 }, context);
    const { run, testAccuracy } = tuned;
    assert.ok(context.lines.some((line) => /all of it up to its 16 features is frozen/.test(line)));
    assert.ok(!context.lines.some((line) => /^assumed/.test(line)));
    assert.equal(testAccuracy, 1);

    const trained = await fineTune(`${folder}/seen`, { network, pixels: "0..1", mean, std }, {
      ...contextOf({ ...DATA, test: DATA.train }),
    });
    assert.equal(trained.testAccuracy, 1, "it classifies its training images");

    const config = await readRunConfig(run.config);
    assert.deepEqual(config.network, {
      block: "foreign",
      inputSize: [SIDE, SIDE, 3],
      classCount: 3,
      features: 16,
    });
    const { record } = await fuseRun(run, { ...contextOf(), output: run.fused });
    assert.ok(record.proof.pass);
    for (const form of ["training", "fused"] as const) {
      const { card } = await readModelSource(run.path, form);
      assert.deepEqual(card.normalization, normalizationOf("0..1", mean, std));
      assert.deepEqual([card.classNames, card.givesProbabilities], [DATA.classNames, false]);
      assert.equal(await accuracyOf(run, form), testAccuracy, form);
    }
    const onnx = await exportModel(await readModelSource(run.path), {
      format: ONNX_FORMAT,
      precision: "float32",
      progress: SILENT,
    });
    const again = await fineTune(`${folder}/again`, { network: `${onnx.output}/model.onnx` });
    const second = await readRunConfig(again.run.config);
    assert.deepEqual(second.from!.normalization, config.from!.normalization, "told by the file's own card");
    assert.deepEqual([again.testAccuracy, "features" in second.network && second.network.features], [1, 16]);
  }));

Deno.test("startTraining() leaves every weight of a foreign network as it is, and puts its head alone upon it", () =>
  inTemporaryFolder(async (folder) => {
    const source = foreignNetwork();
    const before = new Map(
      source.layers.map((layer) => [layer.name, layer.getWeights().map((w) => w.dataSync())]),
    );
    const { run } = await fineTune(`${folder}/run`, {
      network: await saveForeign(`${folder}/theirs`, source),
    });
    const { artifacts } = await readModelSource(run.path, "training");
    const after = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
    const names = after.layers.map((layer) => layer.name);
    assert.deepEqual(names.filter((name) => ["hidden", "classes"].includes(name)), []);
    assert.equal(names.at(-1), "head/dense");
    for (const layer of after.layers.slice(0, -1)) {
      assert.deepEqual(
        layer.getWeights().map((weight) => weight.dataSync()),
        before.get(layer.name),
        layer.name,
      );
    }
  }));

Deno.test("startTraining() takes a foreign network that was saved for one image at once", () =>
  inTemporaryFolder(async (folder) => {
    const network = await saveForeign(`${folder}/theirs`, foreignNetwork(SIDE, 1));
    const { run, testAccuracy } = await fineTune(`${folder}/run`, { network });
    await fuseRun(run, { ...contextOf(), output: run.fused });
    assert.deepEqual([testAccuracy, await accuracyOf(run, "fused")], [1, 1]);
  }));

Deno.test("resumeTraining() ends to the byte when a foreign network was being fine-tuned and is gone", () =>
  inTemporaryFolder(async (folder) => {
    const network = await saveForeign(`${folder}/theirs`);
    const resultOf = (path: string) =>
      Promise.all(
        [
          "metrics.jsonl",
          "snapshot/bn_snapshot.json",
          "snapshot/weights-1of1.bin",
          "checkpoints/last.safetensors",
        ]
          .map((file) => readFile(`${path}/${file}`)),
      );
    const whole = await fineTune(`${folder}/whole`, { network });
    for (const steps of [1, 9]) {
      const path = `${folder}/stopped${steps}`;
      await assert.rejects(
        startTraining(requestOf({ network }), contextOf(DATA, steps), path),
        InterruptedError,
      );
      await rename(`${folder}/theirs`, `${folder}/away`);
      await resumeTraining(runDirectoryAt(path), contextOf());
      assert.deepEqual(await resultOf(path), await resultOf(whole.run.path));
      await rename(`${folder}/away`, `${folder}/theirs`);
    }
  }));

Deno.test("a planted change in the frozen part is found: in the run's copy, under the trained head, and in what is fused", () =>
  inTemporaryFolder(async (folder) => {
    const network = await saveForeign(`${folder}/theirs`);
    await assert.rejects(
      startTraining(requestOf({ network }), contextOf(DATA, 1), `${folder}/stopped`),
      InterruptedError,
    );
    await flipByte(`${folder}/stopped/source/weights-1of1.bin`, 5);
    await assert.rejects(
      resumeTraining(runDirectoryAt(`${folder}/stopped`), contextOf()),
      (thrown) => thrown instanceof InputError && /source are not those/.test(thrown.message),
    );

    const { run } = await fineTune(`${folder}/run`, { network });
    const config = await readRunConfig(run.config);
    const model = modelToTrain(config, undefined);
    const options = { views: 1, normalization: config.from!.normalization, seed: 1 };
    const trunk = trunkOf(await graphOf(foreignNetwork()))!;
    const head = await behindFrozenTrunk(trunk, model, DATA, config.training, options);
    const check = (whole: () => Graph) => wholeUnderHead({ ...head, whole }, DATA, config, run);
    (await check(head.whole)).dispose();
    for (const name of ["stem/kernel", "body_bn/gamma", "body_bn/moving_variance"]) {
      await assert.rejects(
        check(() => withChange(head.whole(), name)),
        (thrown) =>
          thrown instanceof GateError && /does not answer as its head was trained/.test(thrown.message),
        name,
      );
    }

    const { weightSpecs = [] } = (await readModelSource(run.path, "training")).artifacts;
    const sizes = weightSpecs.map(({ shape }) => 4 * shape.reduce((product, side) => product * side, 1));
    const place = weightSpecs.findIndex(({ name }) => name === "body_bn/moving_variance");
    await flipByte(`${run.snapshot}/weights-1of1.bin`, sizes.slice(0, place).reduce((a, b) => a + b, 0));
    await assert.rejects(
      fuseRun(run, { ...contextOf(), output: run.fused }),
      (thrown) => thrown instanceof InputError && /one of them was changed/.test(thrown.message),
    );
  }));

async function flipByte(file: string, place: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[place]! ^= 1;
  await writeFile(file, bytes);
}

/** The same network with a weight a twentieth larger. */
function withChange(graph: Graph, name: string): Graph {
  const weight = graph.weights.get(name)!;
  const values = weight.read().map((value) => 1.05 * value);
  return { ...graph, weights: new Map(graph.weights).set(name, computedWeight(weight.shape, values)) };
}

Deno.test("startTraining() asks a foreign network for what it does not say, and refuses what cannot be, in words", () =>
  inTemporaryFolder(async (folder) => {
    const network = await saveForeign(`${folder}/theirs`);
    const open = await saveForeign(`${folder}/open`, foreignNetwork(null));
    const noClasses = foreignNetwork();
    const image = tf.model({
      inputs: noClasses.inputs,
      outputs: noClasses.getLayer("r").output as tf.SymbolicTensor,
    });
    const images = await saveForeign(`${folder}/images`, image);
    const other = { ...DATA, height: 8, width: 8 };
    const cases: [FineTuningRequest, Dataset, RegExp][] = [
      [{ network, freeze: 1 }, DATA, /Cannot freeze .* stages are not known here/],
      [{ network, freeze: 0 }, DATA, /Cannot freeze .* stages are not known here/],
      [{ network }, other, /takes images of 12 x 12 pixels; these are 8 x 8/],
      [{ network }, { ...DATA, channels: 1 }, /takes images of 3 channels; those of colours have 1/],
      [{ network, mean: [1, 2] }, DATA, /--mean has 2 values/],
      [{ network: open }, DATA, /Cannot tell how large the images of .* are/],
      [{ network: images }, DATA, /expected one output \[N, classes\]/],
    ];
    for (const [from, dataset, message] of cases) {
      await assert.rejects(
        fineTune(`${folder}/run`, from, contextOf(dataset)),
        (thrown) => thrown instanceof InputError && message.test(thrown.message),
        String(message),
      );
      await assert.rejects(readFile(`${folder}/run/config.json`));
    }
    const context = contextOf();
    const sized = requestConfig(
      {},
      { data: { source: "new", imageSize: SIDE }, training: TRAINING },
      undefined,
      {
        network: open,
      },
    );
    await startTraining(sized, context, `${folder}/run`);
    assert.ok(context.lines.some((line) => /^assumed of .*: pixels from -1 to 1 \(--pixels/.test(line)));
  }));

Deno.test("behindFrozenTrunk() trains a head on features of any size, whose network answers as the head does, and leaks nothing", async () => {
  const trunk = trunkOf(await graphOf(foreignNetwork()))!;
  const config = requestOf({ network: "theirs" }).resolve(DATA, undefined, {
    classNames: [],
    path: "theirs",
    sha256: "0",
    form: "wide",
    normalization: normalizationOf("0..255", [0, 0, 0], [1, 1, 1]),
    network: { block: "foreign", inputSize: [SIDE, SIDE, 3], classCount: 5, features: 16 },
  });
  const head = modelToTrain(config, undefined);
  tf.tidy(() =>
    head.setWeights(head.getWeights().map(({ shape }) => tf.randomNormal(shape, 0, 1, "float32", 3)))
  );
  const { normalization } = config.from!;
  const before = tf.memory().numTensors;
  const behind = await behindFrozenTrunk(trunk, head, DATA, config.training, {
    views: 2,
    normalization,
    seed: 1,
  });
  const { values } = behind.part.train.gather(Uint32Array.from({ length: DATA.train.count }, (_, i) => i));
  tf.tidy(() => {
    const { mean, variance } = tf.moments(values, 0);
    assert.ok(mean.abs().max().dataSync()[0]! < 1e-3);
    assert.ok(Math.abs(variance.mean().dataSync()[0]! - 1) < 0.05);
  });
  values.dispose();
  assert.equal(tf.memory().numTensors, before);
  const run = runDirectoryAt("nowhere");
  (await wholeUnderHead(behind, DATA, config, run)).dispose();
  assert.equal(tf.memory().numTensors, before);
});
