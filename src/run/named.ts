/**
 * What a person means by the word that they type for a run or a network: a run directory or its name, a `model.json` or its
 * folder, what `export` or `import` wrote, a single file, or nothing for the newest run. Every task asks here.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { EXPORT_FORMATS } from "../deploy/formats.ts";
import { type Manifest, MANIFEST_FILE, readManifest } from "../deploy/manifest.ts";
import { TFJS_FORMAT } from "../deploy/tfjs_format.ts";
import { InputError } from "../errors.ts";
import { exists } from "../files/read.ts";
import { formatOfName } from "../formats/checkpoint.ts";
import type { CheckpointFormat } from "../formats/file_kind.ts";
import { isKerasFile } from "../formats/keras/read.ts";
import { MODEL_FILE } from "../formats/tfjs/layers_model.ts";
import { refuseMistakenFile, refuseMistakenFolder } from "./mistaken.ts";
import { findRun, isRun, type RunDirectory, runDirectoryAt, type RunStage } from "./run_directory.ts";
import { quoted } from "../text/shell.ts";

/** The form of a network that a person may ask for. */
export type Form = "training" | "fused";

/** Formats whose networks are single files. */
type SingleFile = "onnx" | CheckpointFormat;

/** What `import` takes, in words. */
const WORDS: Readonly<Partial<Record<string, string>>> = {
  safetensors: "a file of weights, in the format safetensors",
  torch: "a PyTorch checkpoint",
};

/** A run of ours. */
export interface NamedRun {
  readonly kind: "run";
  readonly run: RunDirectory;
}

/** A LayersModel of anybody's, in the files of TensorFlow.js or of Keras. */
export interface NamedModel {
  readonly kind: "model";
  /** What was named: the file, or the folder that holds it. */
  readonly path: string;
  /** The folder that holds the file, without a closing slash. */
  readonly folder: string;
}

/** A folder that `export` or `import` wrote, or its model file. */
export interface NamedExport {
  readonly kind: "export";
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A file that no manifest lists. */
export interface NamedFile {
  readonly kind: "file";
  readonly path: string;
  readonly folder: string;
  readonly format: SingleFile;
}

/** Whatever a person may name. */
export type Named = NamedRun | NamedModel | NamedExport | NamedFile;

/**
 * The run, the model, the export or the file that a person means.
 *
 * @param named What they typed; undefined for the newest run.
 * @param stage How far a run must have come.
 * @throws {InputError} when there is no such thing, with the command that makes one.
 */
export async function findNamed(named: string | undefined, stage: RunStage): Promise<Named> {
  if (named === undefined) return { kind: "run", run: await findRun(undefined, stage) };
  const path = named.replace(/(?<=.)\/+$/, "");
  const isModelFolder = await exists(`${path}/${MODEL_FILE}`);
  const format = isModelFolder ? undefined : path.endsWith(".onnx") ? "onnx" : formatOfName(path);
  const isFile = format !== undefined || path.endsWith(".json") || isKerasFile(path);
  const folder = isFile ? dirname(path) : path;
  const manifest = await manifestIn(folder);
  if (manifest !== undefined && (!isFile || manifest.files.some((file) => file.path === basename(path)))) {
    return { kind: "export", folder, manifest };
  }
  await refuseMistakenFile(path);
  if (format !== undefined) return { kind: "file", path, folder, format };
  if (isFile || isModelFolder) return { kind: "model", path, folder };
  if (!(await isRun(path))) await refuseMistakenFolder(path);
  return { kind: "run", run: await findRun(path, stage) };
}

/**
 * {@link findNamed} for the tasks that take a run or a LayersModel alone.
 *
 * @throws {InputError} when a network in another format is named.
 */
export async function findSource(
  named: string | undefined,
  stage: RunStage,
): Promise<NamedRun | NamedModel> {
  const found = await findNamed(named, stage);
  if (found.kind === "run" || found.kind === "model") return found;
  if (found.kind === "export" && found.manifest.format === TFJS_FORMAT.name) {
    return { kind: "model", path: found.folder, folder: found.folder };
  }
  const format = found.kind === "export" ? found.manifest.format : found.format;
  throw new InputError(
    `${named} is ${
      WORDS[format] ?? `a network in the format ${format}`
    }: expected a run, or a ${MODEL_FILE} of TensorFlow.js or its folder.`,
    format in WORDS
      ? `Import it first: repfuse import ${quoted(named!)}`
      : "Name the run or the model that it was exported from.",
  );
}

/**
 * {@link findSource} for the tasks that take an ONNX file as well.
 *
 * @throws {InputError} when a network in another format is named.
 */
export async function findNetwork(
  named: string | undefined,
  stage: RunStage,
): Promise<NamedRun | NamedModel | NamedFile> {
  const found = await findNamed(named, stage);
  if (found.kind === "file" && found.format === "onnx") return found;
  if (found.kind === "export" && found.manifest.format === "onnx" && named!.endsWith(".onnx")) {
    return { kind: "file", path: named!, folder: found.folder, format: "onnx" };
  }
  return await findSource(named, stage);
}

/** The run and its form, where a folder is one of the two in a run. */
export async function runAround(
  folder: string,
): Promise<{ readonly run: RunDirectory; readonly form: Form } | undefined> {
  const run = runDirectoryAt(dirname(folder));
  const form = ({ fused: "fused", snapshot: "training" } as const)[basename(folder)];
  return form !== undefined && await exists(run.config) ? { run, form } : undefined;
}

/** The manifest in a folder, where it is of a format that is known here. */
async function manifestIn(folder: string): Promise<Manifest | undefined> {
  const path = `${folder}/${MANIFEST_FILE}`;
  if (!(await exists(path))) return undefined;
  const manifest = await readManifest(path);
  return EXPORT_FORMATS.some(({ name }) => name === manifest.format) ? manifest : undefined;
}
