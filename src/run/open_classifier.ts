/**
 * Any form and any format of a network, ready to run: a run, a folder that `export` or `import` wrote, a `model.json`, an
 * `.onnx` file, a `.safetensors` file, a PyTorch checkpoint.
 *
 * @module
 */
import { basename } from "node:path";
import { InputError } from "../errors.ts";
import { findFormat } from "../deploy/formats.ts";
import { type Manifest, MANIFEST_FILE } from "../deploy/manifest.ts";
import type { ModelSource } from "../deploy/model_source.ts";
import { findNamed, type Form, type NamedExport, type NamedFile } from "./named.ts";
import { readModel, readRunModel, stageOf } from "./read_source.ts";
import { TFJS_FORMAT } from "../deploy/tfjs_format.ts";
import { sha256 } from "../files/hash.ts";
import { readBytes } from "../files/read.ts";
import { readOnnxFile } from "../formats/onnx/disk.ts";
import { originalFile } from "../formats/onnx/probe.ts";
import { readCheckpoint } from "../formats/checkpoint.ts";
import { findTorchNetwork } from "../model/torch/find_network.ts";
import { importTorchNetwork } from "../model/torch/network.ts";
import { writeLayersModel } from "../formats/tfjs/write.ts";
import { type CardAnswers, withAnswers } from "../classify/card_answers.ts";
import { guessCard } from "../classify/guessed_card.ts";
import type { Classifier, ModelCard } from "../classify/classifier.ts";
import { openOnnx } from "../classify/onnx.ts";
import { readOnnxCard } from "../classify/onnx_card.ts";
import { type ClassifierEngines, DEFAULT_ENGINES, openNetwork } from "../classify/open_network.ts";
import { loadLayersModelArtifacts } from "../formats/tfjs/layers_model.ts";
import { SAFETENSORS_FORMAT } from "../deploy/safetensors_format.ts";
import { quoted } from "../text/shell.ts";

/** A network that is ready to run, and what is known about it. */
export interface OpenedNetwork {
  readonly classifier: Classifier;
  readonly card: ModelCard;
  /** What of the card nobody told, each with the flag that tells. */
  readonly assumed: readonly string[];
  /** What was opened, for people: a path. */
  readonly path: string;
  readonly format: string;
  readonly form: Manifest["form"];
  /** The data set that it was trained on. */
  readonly data?: Manifest["data"];
  /** Where files about it belong: its run, or its folder. */
  readonly home: string;
  /** What sets it apart from other files in that folder, where it is a file of its own name. */
  readonly stem?: string;
}

/**
 * Opens what a person named.
 *
 * @param named A path; the newest run when not given.
 * @param form Which form of a run.
 * @param engines What may run it.
 * @param answers What the person says of it.
 * @throws {InputError} when nothing there can be run, or a file is not the one that its manifest describes.
 */
export async function openClassifier(
  named: string | undefined,
  form: Form = "fused",
  engines: ClassifierEngines = DEFAULT_ENGINES,
  answers: CardAnswers = {},
): Promise<OpenedNetwork> {
  const found = await findNamed(named, stageOf(form));
  switch (found.kind) {
    case "run":
      return await openSource(await readRunModel(found.run, form, answers), engines);
    case "model":
      return { ...await openSource(await readModel(found, answers), engines), ...stemOf(found.path) };
    case "export":
      return await openExport(found, engines, answers);
    case "file": {
      const { path, folder, format } = found;
      return {
        ...await openFile(path, format, engines, answers),
        path,
        format,
        home: folder,
        ...stemOf(path),
      };
    }
  }
}

/** The name of a file that is not called "model", without its extension. */
function stemOf(path: string): Pick<OpenedNetwork, "stem"> {
  const stem = basename(path).replace(/\.\w+$/, "");
  return stem === basename(path) || stem === "model" ? {} : { stem };
}

async function openSource(
  { artifacts, card, assumed = [], path, form, data, home }: ModelSource,
  engines: ClassifierEngines,
): Promise<OpenedNetwork> {
  const classifier = await openNetwork(artifacts, card, path, engines);
  return { classifier, card, assumed, path, format: TFJS_FORMAT.name, form, data, home };
}

/** A folder that `export` wrote, after checking that its files are those that the manifest describes. */
async function openExport(
  { folder, manifest }: NamedExport,
  engines: ClassifierEngines,
  answers: CardAnswers,
): Promise<OpenedNetwork> {
  for (const { path, sha256: expected } of manifest.files) {
    const found = await sha256(await readBytes(`${folder}/${path}`, "a file that its manifest.json lists"));
    if (found === expected) continue;
    throw new InputError(
      `${folder}/${path} is not the file that its ${MANIFEST_FILE} describes: its SHA-256 is ${
        found.slice(0, 12)
      }, ` +
        `expected ${expected.slice(0, 12)}.`,
      `Export it again: repfuse export ${quoted(manifest.source.path)} --format ${manifest.format}`,
    );
  }
  const { form, data, format } = manifest;
  const card = withAnswers(manifest, answers, folder);
  return {
    classifier: await openFormat(folder, { format, card }, engines),
    card,
    assumed: [],
    path: folder,
    format,
    form,
    data,
    home: folder,
  };
}

async function openFormat(
  folder: string,
  { format, card }: { readonly format: string; readonly card: ModelCard },
  engines: ClassifierEngines,
): Promise<Classifier> {
  if (format === TFJS_FORMAT.name) {
    return await openNetwork(await loadLayersModelArtifacts(folder), card, folder, engines);
  }
  // A PyTorch network is built by TensorFlow.js.
  if (format === SAFETENSORS_FORMAT.name) await engines.startTfjs();
  return await findFormat(format).open(folder, card);
}

async function openFile(
  path: string,
  format: NamedFile["format"],
  engines: ClassifierEngines,
  answers: CardAnswers,
): Promise<Pick<OpenedNetwork, "classifier" | "card" | "assumed" | "form">> {
  if (format === "onnx") {
    const graph = await readOnnxFile(path);
    const answered = readOnnxCard(graph, path, answers);
    // The file as it came, with the weights that lie beside it.
    const classifier = await openOnnx(originalFile(graph), answered.card, path);
    return { classifier, ...answered, form: "unknown" };
  }
  const { imageSize } = answers;
  const { tensors, metadata } = readCheckpoint(await readBytes(path, `a file in the ${format} format`), path);
  const { state } = findTorchNetwork(tensors, undefined, path);
  const { graph, form } = importTorchNetwork({ tensors: state, metadata }, {
    source: path,
    ...(imageSize === undefined ? {} : { imageSize: [imageSize, imageSize] }),
  });
  const { card, assumed } = guessCard(graph, path, answers);
  const size = `images of ${card.inputSize.slice(0, 2).join("x")} (--image-size)`;
  return {
    classifier: await openNetwork(writeLayersModel(graph), card, path, engines),
    card,
    assumed: imageSize === undefined ? [size, ...assumed] : assumed,
    form: form === "deploy" ? "fused" : "training",
  };
}
