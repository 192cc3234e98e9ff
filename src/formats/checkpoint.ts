/**
 * Weights from whichever of the formats a file is in. Its content decides, since people rename files.
 *
 * @module
 */
import { type ByteSource, byteSource } from "../files/byte_source.ts";
import { type CheckpointFormat, HEAD_BYTES, recognizeFile } from "./file_kind.ts";
import { readSafetensors } from "./safetensors/read.ts";
import type { SafetensorsContent } from "./safetensors/write.ts";
import { readTorchCheckpoint } from "./torch/read.ts";

/** A file of weights. */
export interface Checkpoint extends SafetensorsContent {
  /** What the file is. */
  readonly format: CheckpointFormat;
}

/** What files of weights are called, by format. */
const EXTENSIONS: Readonly<Record<CheckpointFormat, RegExp>> = {
  safetensors: /\.safetensors$/i,
  // A shard of TensorFlow.js is called .bin, too.
  torch: /(?:\.(?:pt|pth|pth\.tar|ckpt)|(?<!shard\d+of\d+)\.bin)$/i,
};

/** The format that a file's name speaks of; undefined when it speaks of none. */
export function formatOfName(path: string): CheckpointFormat | undefined {
  const formats = Object.keys(EXTENSIONS) as CheckpointFormat[];
  return formats.find((format) => EXTENSIONS[format].test(path));
}

/** A path without the extension that says its format. */
export function withoutExtension(path: string): string {
  const format = formatOfName(path);
  return format === undefined ? path : path.replace(EXTENSIONS[format], "");
}

/**
 * The tensors of a safetensors file or a PyTorch checkpoint.
 *
 * @param file The whole file. It stays in use: tensors are views of its bytes, or read from it.
 * @param name Of the file: it decides where the content does not, and stands in messages.
 * @throws {InputError} when the file is damaged, something else, or a pickle that asks for code.
 */
export function readCheckpoint(file: Uint8Array | ByteSource, name: string): Checkpoint {
  const source = byteSource(file);
  const head = source.read(0, Math.min(HEAD_BYTES, source.length));
  const format = recognizeFile(head)?.format ?? formatOfName(name) ?? "torch";
  if (format === "safetensors") return { ...readSafetensors(source, name), format };
  return { tensors: readTorchCheckpoint(source, name).tensors, metadata: {}, format };
}
