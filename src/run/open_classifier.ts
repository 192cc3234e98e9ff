/**
 * Any form and any format of a network, ready to run: a run, a folder that `export` or `import` wrote, a `model.json`, an
 * `.onnx` file, a `.safetensors` file.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { EXPORT_FORMATS, findFormat } from "../deploy/formats.ts";
import { type Manifest, MANIFEST_FILE, readManifest } from "../deploy/manifest.ts";
import { type Form, readModelSource } from "./model_source.ts";
import { TFJS_FORMAT } from "../deploy/tfjs_format.ts";
import { sha256 } from "../files/hash.ts";
import { exists, readBytes } from "../files/read.ts";
import { readSafetensors } from "../formats/safetensors/read.ts";
import { importTorchNetwork } from "../model/torch/network.ts";
import { placeholderNames } from "../classify/class_names.ts";
import type { Classifier, ModelCard } from "../classify/classifier.ts";
import { defaultNormalization } from "../classify/normalization.ts";
import { openOnnx } from "../classify/onnx.ts";
import { readOnnxCard } from "../classify/onnx_card.ts";
import { openArtifacts, tfjsClassifier } from "../classify/tfjs.ts";

/** A network that is ready to run, and what is known about it. */
export interface OpenedNetwork {
  readonly classifier: Classifier;
  readonly card: ModelCard;
  /** What was opened, for people: a path. */
  readonly path: string;
  readonly format: string;
  readonly form: Manifest["form"];
  /** The data set that it was trained on. */
  readonly data?: Manifest["data"];
  /** Where files about it belong. */
  readonly folder: string;
}

/**
 * Opens what a person named.
 *
 * @param named A path; the newest run when not given.
 * @param form Which form of a run.
 * @throws {InputError} when nothing there can be run, or a file is not the one that its manifest describes.
 */
export async function openClassifier(
  named: string | undefined,
  form: Form = "fused",
): Promise<OpenedNetwork> {
  if (named?.endsWith(".onnx")) return await openFile(named, "onnx");
  if (named?.endsWith(".safetensors")) return await openFile(named, "safetensors");
  const folder = named?.replace(/(?<=.)\/+$/, "");
  if (folder !== undefined && await exists(`${folder}/${MANIFEST_FILE}`)) {
    const manifest = await readManifest(`${folder}/${MANIFEST_FILE}`);
    return await openExport(folder, manifest);
  }
  const source = await readModelSource(named, form);
  const { path, card, data, run } = source;
  return {
    classifier: await openArtifacts(source.artifacts, card, path),
    card,
    path,
    format: TFJS_FORMAT.name,
    form: source.form,
    data,
    folder: run?.path ?? source.folder,
  };
}

/** A folder that `export` wrote, after checking that its files are those that the manifest describes. */
async function openExport(folder: string, manifest: Manifest): Promise<OpenedNetwork> {
  for (const { path, sha256: expected } of manifest.files) {
    const found = await sha256(await readBytes(`${folder}/${path}`, "a file that its manifest.json lists"));
    if (found === expected) continue;
    throw new InputError(
      `${folder}/${path} is not the file that its ${MANIFEST_FILE} describes: its SHA-256 is ${
        found.slice(0, 12)
      }, ` +
        `expected ${expected.slice(0, 12)}.`,
      `Export it again: deno task export ${manifest.source.path} --format ${manifest.format}`,
    );
  }
  const { form, data, format } = manifest;
  return {
    classifier: await findFormat(format).open(folder, manifest),
    card: manifest,
    path: folder,
    format,
    form,
    data,
    folder,
  };
}

/** A single file: through the manifest beside it, where that lists it, else by what the file itself tells. */
async function openFile(path: string, format: "onnx" | "safetensors"): Promise<OpenedNetwork> {
  const cut = path.lastIndexOf("/");
  const folder = cut < 0 ? "." : path.slice(0, cut);
  if (await exists(`${folder}/${MANIFEST_FILE}`)) {
    const manifest = await readManifest(`${folder}/${MANIFEST_FILE}`);
    const isListed = manifest.files.some((file) => file.path === path.slice(cut + 1));
    if (isListed && EXPORT_FORMATS.some(({ name }) => name === manifest.format)) {
      return await openExport(folder, manifest);
    }
  }
  const bytes = await readBytes(path, `a file in the ${format} format`);
  return { ...await openBytes(bytes, path, format), path, format, folder };
}

async function openBytes(
  bytes: Uint8Array,
  path: string,
  format: "onnx" | "safetensors",
): Promise<Pick<OpenedNetwork, "classifier" | "card" | "form">> {
  if (format === "onnx") {
    const card = readOnnxCard(bytes, path);
    return { classifier: await openOnnx(bytes, card, path), card, form: "unknown" };
  }
  const { model, config, form } = importTorchNetwork(readSafetensors(bytes, path), { source: path });
  const card = {
    classNames: placeholderNames(config.classCount),
    inputSize: config.inputSize,
    normalization: defaultNormalization(config.inputSize[2]),
  };
  return { classifier: tfjsClassifier(model, card), card, form: form === "deploy" ? "fused" : "training" };
}
