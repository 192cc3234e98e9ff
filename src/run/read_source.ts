/**
 * What a person wants to export, evaluate or predict with when they name a run, a folder, a `model.json`, or nothing: the
 * network's artifacts, and what is known about how to feed it.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { sha256 } from "../files/hash.ts";
import { exists, readBytes } from "../files/read.ts";
import { withOpenBatch } from "../graph/open_batch.ts";
import { readOnnxFile } from "../formats/onnx/disk.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { writeLayersModel } from "../formats/tfjs/write.ts";
import { loadModelArtifacts, modelFile } from "../formats/keras/load.ts";
import { type CardAnswers, withAnswers } from "../classify/card_answers.ts";
import { NoClassifier, outputOf } from "../classify/output.ts";
import { InputError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { guessCard } from "../classify/guessed_card.ts";
import { readOnnxCard } from "../classify/onnx_card.ts";
import type { ModelSource } from "../deploy/model_source.ts";
import { isForeign } from "../model/foreign.ts";
import { normalizationOfRun } from "../train/run_config.ts";
import { readRunConfig } from "./config.ts";
import { findNetwork, type Form, type NamedFile, type NamedModel, runAround } from "./named.ts";
import type { RunDirectory, RunStage } from "./run_directory.ts";
import { loadLayersModelArtifacts } from "../formats/tfjs/layers_model.ts";
import { withImageSize } from "../formats/tfjs/image_size.ts";
import { toldBeside } from "./teachable_machine.ts";
import { type Manifest, MANIFEST_FILE, readManifest } from "../deploy/manifest.ts";

/** What lies beside a fused model. */
const FUSION_FILE = "fusion.json";

/**
 * Finds and reads the network.
 *
 * @param named A run, a fused folder, a folder with a `model.json`, or that file; the newest run when not given.
 * @param form Which form of a run: fused by default.
 * @param answers What the person says of it.
 * @throws {InputError} when there is none, it is not a LayersModel, or not one of images.
 */
export async function readModelSource(
  named: string | undefined,
  form: Form = "fused",
  answers: CardAnswers = {},
): Promise<ModelSource> {
  const found = await findNetwork(named, stageOf(form));
  if (found.kind === "file") return await readOnnxSource(found, answers);
  const inRun = found.kind === "run" ? { run: found.run, form } : await runAround(found.folder);
  const source = found.kind === "run"
    ? await readRunModel(found.run, form, answers)
    : await readModel(found, answers);
  if (inRun?.form !== "fused") return source;
  return { ...source, trainingForm: await loadLayersModelArtifacts(inRun.run.snapshot) };
}

/** How far a run must have come to have a form. */
export function stageOf(form: Form): RunStage {
  return form === "fused" ? "fused" : "trained";
}

/** One form of a run. */
export async function readRunModel(
  run: RunDirectory,
  form: Form,
  answers: CardAnswers = {},
): Promise<ModelSource> {
  const config = await readRunConfig(run.config);
  const { network, data } = config;
  const folder = form === "fused" ? run.fused : run.snapshot;
  const found = await readNetwork(folder);
  const card = {
    classNames: data.classNames,
    inputSize: network.inputSize,
    normalization: normalizationOfRun(config),
    givesProbabilities: outputOf(readLayersModel(found.artifacts), folder).givesProbabilities,
  };
  return {
    ...found,
    name: basename(run.path),
    home: run.path,
    readFrom: [run.fused, run.snapshot, run.checkpoints, run.source],
    form,
    network: isForeign(network) ? undefined : network,
    card: withAnswers(card, answers, folder),
    data: {
      source: data.source,
      checksum: data.checksum,
      ...(data.imageSize === undefined ? {} : { imageSize: data.imageSize }),
    },
  };
}

/** A form of a run that was named by its folder, a model of somebody else's, or one with a manifest beside or above it. */
export async function readModel(
  { path, folder }: NamedModel,
  answers: CardAnswers = {},
): Promise<ModelSource> {
  const around = await runAround(folder);
  if (around !== undefined) return await readRunModel(around.run, around.form, answers);
  const network = {
    ...await readNetwork(path),
    name: basename(path),
    home: folder,
    readFrom: [modelFile(path)],
  };
  if (await exists(`${folder}/${MANIFEST_FILE}`)) {
    const manifest = await readManifest(`${folder}/${MANIFEST_FILE}`);
    return { ...network, form: manifest.form, ...knownFrom(manifest, answers, path) };
  }
  const isFused = await exists(`${folder}/${FUSION_FILE}`);
  const above = `${folder}/../${MANIFEST_FILE}`;
  if (isFused && await exists(above)) {
    return { ...network, form: "fused", ...knownFrom(await readManifest(above), answers, path) };
  }
  const artifacts = withImageSize(network.artifacts, answers.imageSize);
  return {
    ...network,
    artifacts,
    ...(isFused ? { exportsTo: dirname(folder) } : {}),
    form: isFused ? "fused" : "unknown",
    ...guessCard(readLayersModel(artifacts), path, answers, await toldBeside(folder)),
  };
}

/** An ONNX file, as the layers that compute the same. */
async function readOnnxSource({ path, folder }: NamedFile, answers: CardAnswers): Promise<ModelSource> {
  const graph = await readOnnxFile(path);
  const answered = readOnnxCard(graph, path, answers);
  const artifacts = asLayers(graph);
  const isFused = await exists(`${folder}/${FUSION_FILE}`);
  return {
    name: basename(path, ".onnx"),
    path,
    home: folder,
    ...(isFused ? { exportsTo: dirname(folder) } : {}),
    readFrom: [path],
    form: isFused ? "fused" : "unknown",
    artifacts: withImageSize(artifacts, answers.imageSize),
    sha256: await sha256(await readBytes(path, "an ONNX model")),
    ...answered,
  };
}

/** @throws {NoClassifier} when it has operators that are no layers. */
function asLayers(graph: Graph): ModelSource["artifacts"] {
  try {
    return writeLayersModel(withOpenBatch(graph));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new NoClassifier(
      error.message,
      error.hint ?? "fuse, inspect and export --format onnx take any ONNX file, and bench any of images.",
    );
  }
}

function knownFrom(
  manifest: Manifest,
  answers: CardAnswers,
  path: string,
): Pick<ModelSource, "card" | "network" | "data"> {
  return { card: withAnswers(manifest, answers, path), network: manifest.network, data: manifest.data };
}

async function readNetwork(path: string): Promise<Pick<ModelSource, "path" | "artifacts" | "sha256">> {
  const file = modelFile(path);
  const description = await readBytes(file, "a model");
  return { path, artifacts: await loadModelArtifacts(path), sha256: await sha256(description) };
}
