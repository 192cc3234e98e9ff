/**
 * What every export format is: how to write its files, and how to run what was written, so that every export can be held
 * against its source before anybody relies on it. `formats.ts` lists them.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Classifier, ModelCard } from "../classify/classifier.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Precision } from "../formats/tfjs/precision.ts";
import type { ModelSource } from "./model_source.ts";

/** What a format gets to write. */
export interface ExportRequest {
  /** The network and what is known about it. */
  readonly source: ModelSource;
  /** The network's artifacts with the kernels in the wanted precision. */
  readonly artifacts: io.ModelArtifacts;
  readonly precision: Precision;
  /** The data set that the network was trained on, where it is at hand. */
  readonly dataset?: Dataset | undefined;
}

/** One format. */
export interface ExportFormat {
  /** As `--format` takes it. */
  readonly name: string;
  /** What it is, in a few words, for the help. */
  readonly summary: string;
  /** The precisions that it can hold; the first is the default. */
  readonly precisions: readonly Precision[];
  /** How far the written network may be from the source in the same precision, relative to the logits' scale. */
  readonly tolerance: number;
  /**
   * Writes the files into an empty folder.
   *
   * @throws {InputError} when the network cannot be said in this format, with the reason.
   */
  write(folder: string, request: ExportRequest): Promise<void>;
  /** Makes what {@link ExportFormat.write} wrote run, from the files alone. */
  open(folder: string, card: ModelCard): Promise<Classifier>;
}
