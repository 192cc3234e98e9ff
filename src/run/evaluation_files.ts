/**
 * Where an evaluation lies on the disk. Apart from the evaluation itself, so that a report needs no network.
 *
 * @module
 */
import type { OpenedNetwork } from "./open_classifier.ts";

/** Where the files of an evaluation go. */
export interface EvaluationFiles {
  readonly json: string;
  readonly confusionMatrix: string;
  /** Only where there was a mistake. */
  readonly worstExamples: string;
}

/**
 * Where the evaluation of a network goes unless a flag says otherwise: each form of a run has a folder of its own, and each of
 * several files beside one another.
 */
export function evaluationFolder(
  { home, form, stem }: Pick<OpenedNetwork, "home" | "form" | "stem">,
): string {
  const below = stem ?? (form === "unknown" ? undefined : form);
  return below === undefined ? `${home}/evaluation` : `${home}/evaluation/${below}`;
}

/** The files in a folder. */
export function evaluationFiles(folder: string): EvaluationFiles {
  return {
    json: `${folder}/evaluation.json`,
    confusionMatrix: `${folder}/confusion.svg`,
    worstExamples: `${folder}/worst.png`,
  };
}
