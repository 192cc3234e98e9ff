/**
 * An evaluation from disk to disk: the images that fit the network, and beside the figures two pictures, the confusion matrix
 * and the images that the network is most wrong about.
 *
 * @module
 */
import { resolve } from "node:path";
import { renderConfusionMatrix } from "../charts/confusion_matrix.ts";
import type { ClassMatch } from "../classify/class_names.ts";
import { confusionCounts } from "../classify/confusion.ts";
import { evaluateNetwork, type Evaluation } from "../classify/evaluation.ts";
import { contactSheet, encodePng } from "../data/contact_sheet.ts";
import { type LabelledImages, openPictureFolder, testImagesOf } from "../data/labelled_images.ts";
import { PICTURE_CHANNELS } from "../data/network_pixels.ts";
import { isPictureFolder, unwrapped } from "../data/load.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import type { Progress } from "../progress.ts";
import { formatCount } from "../text/quantities.ts";
import type { Datasets } from "./datasets.ts";
import { type EvaluationFiles, evaluationFiles, evaluationFolder } from "./evaluation_files.ts";
import type { OpenedNetwork } from "./open_classifier.ts";

/** Images on the contact sheet, at most, and in one of its rows. */
const WORST_IMAGES = 40;
const SHEET_COLUMNS = 8;

/** Pixels that the side of an image has on the contact sheet, about. */
const SHEET_IMAGE_SIDE = 96;

/** Classes that are named with the network's. */
const LISTED_CLASSES = 10;

/**
 * The images to evaluate on: the test images of a data set; all pictures of class folders that the network was not trained on.
 *
 * @param named What the person named; the set that the network was trained on when not given.
 * @throws {InputError} when none is known, or its images do not fit the network.
 */
export async function evaluationData(
  { card, data, path }: OpenedNetwork,
  named: string | undefined,
  { datasets, progress, skipBad }: Pick<EvaluationContext, "datasets" | "progress" | "skipBad">,
): Promise<LabelledImages> {
  const source = named ?? data?.source;
  if (source === undefined) {
    throw new InputError(
      `Cannot evaluate ${path}: it does not say which data set it was trained on.`,
      "Name one: repfuse evaluate MODEL --data FOLDER",
    );
  }
  const [height, width, channels] = card.inputSize;
  const isOwn = data !== undefined && resolve(source) === resolve(data.source);
  if (!isOwn && PICTURE_CHANNELS.includes(channels) && await isPictureFolder(source)) {
    const onProgress = (message: string) => progress.log(message);
    return await openPictureFolder(await unwrapped(source), { height, width, channels }, {
      skipBad,
      onProgress,
    });
  }
  // The network's own data set is resized as it was for training, and is thus the one that other stages have loaded.
  const dataset = await datasets.get(
    isOwn ? data : { source, ...(height === width ? { imageSize: height } : {}) },
  );
  if (dataset.height !== height || dataset.width !== width || dataset.channels !== channels) {
    throw new InputError(
      `Cannot evaluate on ${source}: its images are ${dataset.height}x${dataset.width}x${dataset.channels}, the ` +
        `network takes ${height}x${width}x${channels}.`,
    );
  }
  if (isOwn && dataset.checksum !== data.checksum) {
    progress.log(`${source} has changed since the network was trained on it.`);
  }
  return testImagesOf(dataset);
}

/** Writes the figures and both pictures; without a mistake there is no contact sheet. */
export async function writeEvaluation(
  folder: string,
  evaluation: Evaluation,
  images: LabelledImages,
): Promise<EvaluationFiles> {
  const files = evaluationFiles(folder);
  const { model, mistakes } = evaluation;
  await writeJsonAtomically(files.json, evaluation);
  const matrix = {
    ...confusionCounts(evaluation),
    scored: { correct: evaluation.correct, images: evaluation.images },
  };
  await writeFileAtomically(
    files.confusionMatrix,
    renderConfusionMatrix(matrix, `${model} on ${images.name}`),
  );
  if (mistakes.length > 0) {
    const worst: Uint8Array[] = [];
    for (const { index } of mistakes.slice(0, WORST_IMAGES)) worst.push(await images.read(index, index + 1));
    const scale = Math.max(1, Math.round(SHEET_IMAGE_SIDE / images.shape.width));
    const sheet = contactSheet(worst, images.shape, {
      columns: Math.min(SHEET_COLUMNS, worst.length),
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
  /** Whether pictures that cannot be read are left out. */
  readonly skipBad?: boolean | undefined;
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
  const images = await evaluationData(network, context.data, context);
  const evaluation = await evaluateNetwork(network, images, {
    onMatch: (match) => progress.log(describeMatch(images, match)),
    onProgress: (done, count) => progress.update("evaluate", `${done} of ${formatCount(count, "image")}`),
  });
  return { evaluation, output, files: await writeEvaluation(output, evaluation, images) };
}

/** What is evaluated on, and which classes are which, where that is not plain from their names. */
function describeMatch(
  { name, what, count, classNames }: LabelledImages,
  { names, labels, by }: ClassMatch,
): string {
  const images = `evaluating on ${formatCount(count, what)} of ${name}, ${
    formatCount(classNames.length, "class", "classes")
  } by ${by}`;
  const told = labels.flatMap((label, i) => {
    const theirs = by === "name" ? names[label]! : `class ${label}`;
    return theirs === classNames[i] || by === "number" ? [] : [`${classNames[i]} = ${theirs}`];
  });
  if (told.length === 0) return images;
  const more = told.length > LISTED_CLASSES ? `, and ${told.length - LISTED_CLASSES} more` : "";
  return `${images}: ${told.slice(0, LISTED_CLASSES).join(", ")}${more}`;
}
