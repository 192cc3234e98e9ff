/**
 * An evaluation from disk to disk: the data set that fits the network, and beside the figures two pictures, the confusion
 * matrix and the images that the network is most wrong about.
 *
 * @module
 */
import { renderConfusionMatrix } from "../charts/confusion_matrix.ts";
import { evaluateNetwork, type Evaluation } from "../classify/evaluation.ts";
import { contactSheet, encodePng } from "../data/contact_sheet.ts";
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import type { Progress } from "../progress.ts";
import { formatCount } from "../text/quantities.ts";
import type { Datasets } from "./datasets.ts";
import type { OpenedNetwork } from "./open_classifier.ts";

/** Images on the contact sheet, at most, and in one of its rows. */
const WORST_IMAGES = 40;
const SHEET_COLUMNS = 8;

/** Pixels that the side of an image has on the contact sheet, about. */
const SHEET_IMAGE_SIDE = 96;

/** Where the files of an evaluation go. */
export interface EvaluationFiles {
  readonly json: string;
  readonly confusionMatrix: string;
  /** Only where there was a mistake. */
  readonly worstExamples: string;
}

/** Where the evaluation of a network goes unless a flag says otherwise: each form of a run has a folder of its own. */
export function evaluationFolder({ home, form }: Pick<OpenedNetwork, "home" | "form">): string {
  return form === "unknown" ? `${home}/evaluation` : `${home}/evaluation/${form}`;
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
  { datasets, progress }: { readonly datasets: Datasets; readonly progress: Progress },
): Promise<Dataset> {
  const source = named ?? data?.source;
  if (source === undefined) {
    throw new InputError(
      `Cannot evaluate ${path}: it does not say which data set it was trained on.`,
      "Name one: repfuse evaluate MODEL --data FOLDER",
    );
  }
  const [height, width, channels] = card.inputSize;
  // The network's own data set is resized as it was for training, and is thus the one that other stages have loaded.
  const dataset = await datasets.get(
    named === undefined ? data! : { source, ...(height === width ? { imageSize: height } : {}) },
  );
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

/** The surroundings of {@link evaluate}. */
export interface EvaluationContext {
  readonly datasets: Datasets;
  readonly progress: Progress;
  /** The data set that was named; the one that the network was trained on when not given. */
  readonly data?: string | undefined;
  /** Where the files go; {@link evaluationFolder} when not given. */
  readonly output?: string | undefined;
}

/** What was found, and where it lies. */
export interface EvaluationResult {
  readonly evaluation: Evaluation;
  readonly output: string;
  readonly files: EvaluationFiles;
}

/**
 * Evaluates a network and writes what was found.
 *
 * @throws {InputError} when no data set is known, or it does not fit the network.
 */
export async function evaluate(
  network: OpenedNetwork,
  context: EvaluationContext,
): Promise<EvaluationResult> {
  const { progress, output = evaluationFolder(network) } = context;
  const dataset = await evaluationData(network, context.data, context);
  const evaluation = await evaluateNetwork(
    network,
    dataset,
    (done, count) => progress.update("evaluate", `${done} of ${formatCount(count, "image")}`),
  );
  return { evaluation, output, files: await writeEvaluation(output, evaluation, dataset) };
}
