/**
 * The formats that a network can be exported to. To add one, implement {@link ExportFormat} in a file of its own and list it
 * in {@link EXPORT_FORMATS}; `export`, `evaluate` and `predict` then know it.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { nearestName } from "../text/nearest_name.ts";
import type { ExportFormat } from "./export_format.ts";
import { MODULE_FORMAT } from "./module_format.ts";
import { ONNX_FORMAT } from "./onnx_format.ts";
import { SAFETENSORS_FORMAT } from "./safetensors_format.ts";
import { TFJS_FORMAT } from "./tfjs_format.ts";
import { TORCH_TRAIN } from "./torch_train/files.ts";
import { webFormat } from "./web_format.ts";

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
  const names = [...EXPORT_FORMATS, TORCH_TRAIN].map((format) => format.name);
  const nearest = nearestName(name, names);
  throw new InputError(
    `There is no format "${name}"${
      nearest === undefined ? "" : ` (did you mean ${nearest}?)`
    }: expected one of ` +
      `${names.join(", ")}.`,
  );
}
