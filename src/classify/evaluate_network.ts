/**
 * An evaluation from disk to disk: a network in any form and format over the test images of a data set, and beside its
 * figures two pictures, the confusion matrix and the images that it is most wrong about.
 *
 * @module
 */
import { renderConfusionMatrix } from "../charts/confusion_matrix.ts";
import type { Progress } from "../progress.ts";
import { contactSheet, encodePng } from "../data/contact_sheet.ts";
import type { Dataset } from "../data/dataset.ts";
import { loadDataset } from "../data/load.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { commonNames } from "./class_names.ts";
import { classifyAll } from "./classifier.ts";
import type { OpenedNetwork } from "../run/open_classifier.ts";
import { scoreLogits, type Scores } from "./scores.ts";

/** Images on the contact sheet, at most, and in one of its rows. */
const WORST_IMAGES = 40;
const SHEET_COLUMNS = 8;

/** Pixels that the side of an image has on the contact sheet, about. */
const SHEET_IMAGE_SIDE = 96;

/** The content of `evaluation.json`. */
export interface Evaluation extends Scores {
  /** What was evaluated. */
  readonly model: string;
  readonly format: string;
  readonly form: string;
  /** On what. */
  readonly data: string;
  readonly dataChecksum: string;
}

/** Where the files of an evaluation go. */
export interface EvaluationFiles {
  readonly json: string;
  readonly confusionMatrix: string;
  /** Only where there was a mistake. */
  readonly worstExamples: string;
}

/** The files in a folder. */
export function evaluationFiles(folder: string): EvaluationFiles {
  return {
    json: `${folder}/evaluation.json`,
    confusionMatrix: `${folder}/confusion.svg`,
    worstExamples: `${folder}/worst.png`,
  };
}

/**
 * The data set to evaluate on.
 *
 * @param named What the person named; the set that the network was trained on when not given.
 * @throws {InputError} when none is known, or its images do not fit the network.
 */
export async function evaluationData(
  { card, data, path }: OpenedNetwork,
  named: string | undefined,
  progress: Progress,
): Promise<Dataset> {
  const source = named ?? data?.source;
  if (source === undefined) {
    throw new InputError(
      `Cannot evaluate ${path}: it does not say which data set it was trained on.`,
      "Name one: deno task evaluate MODEL --data FOLDER",
    );
  }
  const [height, width, channels] = card.inputSize;
  const dataset = await loadDataset(source, {
    ...(height === width ? { imageSize: height } : {}),
    onProgress: (message) => progress.log(message),
  });
  if (dataset.height !== height || dataset.width !== width || dataset.channels !== channels) {
    throw new InputError(
      `Cannot evaluate on ${source}: its images are ${dataset.height}x${dataset.width}x${dataset.channels}, the ` +
        `network takes ${height}x${width}x${channels}.`,
    );
  }
  if (named === undefined && dataset.checksum !== data?.checksum) {
    progress.log(`${source} has changed since the network was trained on it.`);
  }
  return dataset;
}

/**
 * Evaluates a network on the test images of a data set.
 *
 * @throws {InputError} when the classes are not the same.
 */
export async function evaluateNetwork(
  network: OpenedNetwork,
  dataset: Dataset,
  progress: Progress,
): Promise<Evaluation> {
  const { classifier, card, path, format, form } = network;
  const classNames = commonNames(card.classNames, dataset.classNames, dataset.name);
  const { images, labels } = dataset.test;
  const logits = await classifyAll(
    classifier,
    images,
    card,
    (done, count) => progress.update(`evaluate: ${done} of ${count} images`),
  );
  return {
    model: path,
    format,
    form,
    data: dataset.name,
    dataChecksum: dataset.checksum,
    ...scoreLogits(logits, labels, classNames),
  };
}

/** Writes the figures and both pictures; without a mistake there is no contact sheet. */
export async function writeEvaluation(
  folder: string,
  evaluation: Evaluation,
  dataset: Dataset,
): Promise<EvaluationFiles> {
  const files = evaluationFiles(folder);
  const { model, confusion, classes, mistakes } = evaluation;
  await writeJsonAtomically(files.json, evaluation);
  const matrix = { classNames: classes.map(({ name }) => name), counts: confusion };
  await writeFileAtomically(
    files.confusionMatrix,
    renderConfusionMatrix(matrix, `${model} on ${dataset.name}`),
  );
  if (mistakes.length > 0) {
    const imageBytes = dataset.height * dataset.width * dataset.channels;
    const images = mistakes.slice(0, WORST_IMAGES).map(({ index }) =>
      dataset.test.images.subarray(index * imageBytes, (index + 1) * imageBytes)
    );
    const scale = Math.max(1, Math.round(SHEET_IMAGE_SIDE / dataset.width));
    const sheet = contactSheet(images, dataset, {
      columns: Math.min(SHEET_COLUMNS, images.length),
      scale,
      gap: 4,
    });
    await writeFileAtomically(files.worstExamples, encodePng(sheet));
  }
  return files;
}
