/**
 * The formats that a network can be exported to. A format is one object: how to write its files, and how to run what was
 * written, so that every export can be held against its source before anybody relies on it. To add one, implement
 * {@link ExportFormat} in a file of its own and list it in {@link EXPORT_FORMATS}; `export`, `evaluate` and `predict` then
 * know it.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Classifier, ModelCard } from "../classify/classifier.ts";
import { nearestName } from "../text/nearest_name.ts";
import { MODULE_FORMAT } from "./module_format.ts";
import { ONNX_FORMAT } from "./onnx_format.ts";
import type { Precision } from "../formats/tfjs/precision.ts";
import { SAFETENSORS_FORMAT } from "./safetensors_format.ts";
import type { ModelSource } from "../run/model_source.ts";
import { TFJS_FORMAT } from "./tfjs_format.ts";
import { webFormat } from "./web_format.ts";

/** What a format gets to write. */
export interface ExportRequest {
  /** The network and what is known about it. */
  readonly source: ModelSource;
  /** The network's artifacts with the kernels in the wanted precision. */
  readonly artifacts: io.ModelArtifacts;
  readonly precision: Precision;
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

/** Every format, in the order in which the help lists them. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [
  TFJS_FORMAT,
  ONNX_FORMAT,
  SAFETENSORS_FORMAT,
  MODULE_FORMAT,
  webFormat(false),
];

/**
 * The format of that name.
 *
 * @throws {InputError} when there is none, with the nearest.
 */
export function findFormat(name: string): ExportFormat {
  const format = EXPORT_FORMATS.find((format) => format.name === name);
  if (format !== undefined) return format;
  const names = EXPORT_FORMATS.map((format) => format.name);
  const nearest = nearestName(name, names);
  throw new InputError(
    `There is no format "${name}"${
      nearest === undefined ? "" : ` (did you mean ${nearest}?)`
    }: expected one of ` +
      `${names.join(", ")}.`,
  );
}
