/**
 * An evaluation: a network in any form and format over the test images of a data set. Pure.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { commonNames } from "./class_names.ts";
import { type Classifier, classifyAll, type ModelCard } from "./classifier.ts";
import { scoreLogits, type Scores } from "./scores.ts";

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

/** A network that is ready to run, and what it is called. */
export interface EvaluatedNetwork {
  readonly classifier: Classifier;
  readonly card: ModelCard;
  /** For people: a path. */
  readonly path: string;
  readonly format: string;
  readonly form: string;
}

/**
 * Evaluates a network on the test images of a data set.
 *
 * @param onProgress Told how many images are done.
 * @throws {InputError} when the classes are not the same.
 */
export async function evaluateNetwork(
  network: EvaluatedNetwork,
  dataset: Dataset,
  onProgress: (done: number, count: number) => void = () => {},
): Promise<Evaluation> {
  const { classifier, card, path, format, form } = network;
  const classNames = commonNames(card.classNames, dataset.classNames, dataset.name);
  const { images, labels } = dataset.test;
  const logits = await classifyAll(classifier, images, card, onProgress);
  return {
    model: path,
    format,
    form,
    data: dataset.name,
    dataChecksum: dataset.checksum,
    ...scoreLogits(logits, labels, classNames, card.givesProbabilities),
  };
}
