import assert from "node:assert/strict";
import { decode } from "fast-png";
import { renderEvaluation } from "../../src/cli/evaluation_table.ts";
import { InputError } from "../../src/errors.ts";
import { evaluateNetwork, type Evaluation } from "../../src/classify/evaluation.ts";
import { evaluationData, writeEvaluation } from "../../src/run/evaluation_run.ts";
import { testImagesOf } from "../../src/data/labelled_images.ts";
import { Datasets } from "../../src/run/datasets.ts";
import { exists } from "../../src/files/read.ts";
import type { Classifier } from "../../src/classify/classifier.ts";
import { defaultNormalization } from "../../src/data/normalization.ts";
import type { OpenedNetwork } from "../../src/run/open_classifier.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { tinyDataset } from "../train/tiny.ts";

const DATASET = tinyDataset();
const IMAGES = testImagesOf(DATASET);

/** Answers as the labels say, but for the images named here. */
function oracle(wrong: Readonly<Record<number, number>> = {}): Classifier {
  return {
    classify: () => {
      const logits = new Float32Array(10 * DATASET.test.count);
      DATASET.test.labels.forEach((label, i) => logits[10 * i + (wrong[i] ?? label)] = 5);
      return Promise.resolve(logits);
    },
    dispose: () => Promise.resolve(),
  };
}

function network(classifier: Classifier, classNames: readonly string[] = DATASET.classNames): OpenedNetwork {
  return {
    classifier,
    card: {
      classNames,
      inputSize: [32, 32, 3],
      normalization: defaultNormalization(3),
      givesProbabilities: false,
    },
    assumed: [],
    path: "runs/some",
    format: "tfjs",
    form: "fused",
    home: "runs/some",
  };
}

Deno.test("evaluateNetwork() counts right answers", async () => {
  const label = DATASET.test.labels[4]!;
  const evaluation = await evaluateNetwork(network(oracle({ 4: (label + 1) % 10 })), IMAGES);
  assert.deepEqual([evaluation.correct, evaluation.images], [19, 20]);
  assert.deepEqual(evaluation.mistakes.map(({ index, truth }) => [index, truth]), [[4, label]]);
  assert.match(renderEvaluation(evaluation), /accuracy 95\.00% \(19 of 20\)/);
});

Deno.test("evaluateNetwork() takes the data set's names where the network has none", async () => {
  const placeholders = DATASET.classNames.map((_, i) => `class ${i}`);
  const { classes } = await evaluateNetwork(network(oracle(), placeholders), IMAGES);
  assert.deepEqual(classes.map(({ name }) => name), DATASET.classNames);
});

Deno.test("evaluateNetwork() matches classes by name, whatever their order", async () => {
  const turned = [...DATASET.classNames.slice(1), DATASET.classNames[0]!];
  const label = (of: number) => turned.indexOf(DATASET.classNames[of]!);
  const classifier: Classifier = {
    classify: () => {
      const logits = new Float32Array(10 * DATASET.test.count);
      DATASET.test.labels.forEach((of, i) => logits[10 * i + label(of)] = 5);
      return Promise.resolve(logits);
    },
    dispose: () => Promise.resolve(),
  };
  const { accuracy, classes } = await evaluateNetwork(network(classifier, turned), IMAGES);
  assert.deepEqual([accuracy, classes[0]!.name], [1, turned[0]]);
});

Deno.test("evaluateNetwork() refuses a class that is none of the network's, with the nearest", async () => {
  await assert.rejects(
    evaluateNetwork(
      network(oracle(), DATASET.classNames.map((name) => name.replace("ring", "rings"))),
      IMAGES,
    ),
    (error) => {
      assert(error instanceof InputError);
      assert.match(error.message, /its class "ring" is none of the network's 10 \(did you mean "rings"\?\)/);
      return true;
    },
  );
});

Deno.test("evaluationData() asks for a data set where the network names none", async () => {
  await assert.rejects(
    evaluationData(network(oracle()), undefined, { datasets: new Datasets(SILENT), progress: SILENT }),
    (error) => {
      assert(error instanceof InputError);
      assert.match(error.hint!, /--data FOLDER/);
      return true;
    },
  );
});

Deno.test("writeEvaluation() writes figures, matrix and the worst examples, worst first", () =>
  inTemporaryFolder(async (folder) => {
    const wrong = Object.fromEntries([2, 7].map((i) => [i, (DATASET.test.labels[i]! + 3) % 10]));
    const evaluation = await evaluateNetwork(network(oracle(wrong)), IMAGES);
    const files = await writeEvaluation(folder, evaluation, IMAGES);
    const written = JSON.parse(await Deno.readTextFile(files.json)) as Evaluation;
    assert.deepEqual(written, JSON.parse(JSON.stringify(evaluation)));
    assert.match(await Deno.readTextFile(files.confusionMatrix), /<svg[^]*circle/);
    const sheet = decode(await Deno.readFile(files.worstExamples));
    assert.deepEqual([sheet.width, sheet.height], [2 * 96 + 4, 96]);
    const first = DATASET.test.images.subarray(2 * 3072, 2 * 3072 + 3);
    assert.deepEqual([...sheet.data.subarray(0, 3)], [...first]);
  }));

Deno.test("writeEvaluation() writes no contact sheet of no mistakes", () =>
  inTemporaryFolder(async (folder) => {
    const files = await writeEvaluation(
      folder,
      await evaluateNetwork(network(oracle()), IMAGES),
      IMAGES,
    );
    assert(!await exists(files.worstExamples));
  }));
