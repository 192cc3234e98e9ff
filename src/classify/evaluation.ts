/**
 * An evaluation: a network in any form and format over labelled images.
 *
 * @module
 */
import type { LabelledImages } from "../data/labelled_images.ts";
import { letEventsIn } from "../progress.ts";
import { type ClassMatch, matchClasses } from "./class_names.ts";
import { type Classifier, classifyBatch, type ModelCard } from "./classifier.ts";
import { ScoreKeeper, type Scores } from "./scores.ts";

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

/** What {@link evaluateNetwork} tells while it works. */
export interface EvaluationNews {
  /** How many images are done. */
  readonly onProgress?: (done: number, count: number) => void;
  /** Which classes are which, before anything runs. */
  readonly onMatch?: (match: ClassMatch) => void;
}

/**
 * Evaluates a network on labelled images.
 *
 * @throws {InputError} when a class of the images is none of the network's, or pictures cannot be read.
 */
export async function evaluateNetwork(
  network: EvaluatedNetwork,
  images: LabelledImages,
  { onProgress, onMatch }: EvaluationNews = {},
): Promise<Evaluation> {
  const { classifier, card, path, format, form } = network;
  const match = matchClasses(card.classNames, images.classNames, images.name);
  onMatch?.(match);
  const keeper = new ScoreKeeper({ ...card, classNames: match.names });
  const batch = classifyBatch(card);
  for (let start = 0; start < images.count; start += batch) {
    const end = Math.min(start + batch, images.count);
    const logits = await classifier.classify(await images.read(start, end));
    const labels = Array.from({ length: end - start }, (_, i) => match.labels[images.labels[start + i]!]!);
    keeper.add(logits, labels);
    onProgress?.(end, images.count);
    await letEventsIn();
  }
  const scores = keeper.scores();
  return {
    model: path,
    format,
    form,
    data: images.name,
    dataChecksum: images.checksum(),
    ...scores,
    mistakes: scores.mistakes.map((mistake) => {
      const picture = images.paths?.[mistake.index];
      return picture === undefined ? mistake : { ...mistake, picture };
    }),
  };
}
