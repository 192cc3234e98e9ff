/**
 * What a person wants to export, evaluate or predict with when they name a run, a folder, a `model.json`, or nothing: the
 * network's artifacts, and what is known about how to feed it.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { sha256 } from "../files/hash.ts";
import { exists, readBytes } from "../files/read.ts";
import { readGraph } from "../fuse/topology.ts";
import type { ModelCard } from "../inference/classifier.ts";
import { defaultNormalization } from "../inference/normalization.ts";
import type { NetworkConfig } from "../model/config.ts";
import { readRunConfig } from "../run/config.ts";
import { findRun, type RunDirectory, runDirectoryAt } from "../run/run_directory.ts";
import { loadLayersModelArtifacts, MODEL_FILE } from "./layers_model.ts";
import { type Manifest, MANIFEST_FILE, readManifest } from "./manifest.ts";

/** The form of a network that a person may ask for. */
export type Form = "training" | "fused";

/** A network on disk, read but not built. */
export interface ModelSource {
  /** The folder that holds `model.json`. */
  readonly path: string;
  readonly form: Manifest["form"];
  readonly artifacts: io.ModelArtifacts;
  /** SHA-256 of `model.json`. */
  readonly sha256: string;
  readonly card: ModelCard;
  /** The architecture, where it is one of ours. */
  readonly network?: NetworkConfig | undefined;
  /** The data set that it was trained on. */
  readonly data?: Manifest["data"];
  /** The run that it belongs to. */
  readonly run?: RunDirectory;
}

/**
 * Finds and reads the network.
 *
 * @param named A run, a fused folder, a folder with a `model.json`, or that file; the newest run when not given.
 * @param form Which form of a run: fused by default.
 * @param root Where runs live.
 * @throws {InputError} when there is none, it is not a LayersModel, or not one of images.
 */
export async function readModelSource(
  named: string | undefined,
  form: Form = "fused",
  root?: string,
): Promise<ModelSource> {
  const folder = named === undefined ? undefined : modelFolder(named);
  if (folder !== undefined && await exists(`${folder}/${MODEL_FILE}`)) return await readModelFolder(folder);
  const run = await findRun(named, form === "fused" ? "fused" : "trained", root);
  return await readRunModel(run, form);
}

async function readRunModel(run: RunDirectory, form: Form): Promise<ModelSource> {
  const { network, data } = await readRunConfig(run.config);
  return {
    ...await readNetwork(form === "fused" ? run.fused : run.snapshot),
    form,
    network,
    card: {
      classNames: data.classNames,
      inputSize: network.inputSize,
      normalization: defaultNormalization(network.inputSize[2]),
    },
    data: {
      source: data.source,
      checksum: data.checksum,
      ...(data.imageSize === undefined ? {} : { imageSize: data.imageSize }),
    },
    run,
  };
}

/** A folder with a `model.json`: a form of a run, a model with a manifest, or somebody else's. */
async function readModelFolder(folder: string): Promise<ModelSource> {
  const run = await runAround(folder);
  if (run !== undefined) return await readRunModel(run, folder === run.fused ? "fused" : "training");
  const network = await readNetwork(folder);
  if (await exists(`${folder}/${MANIFEST_FILE}`)) {
    const manifest = await readManifest(`${folder}/${MANIFEST_FILE}`);
    return {
      ...network,
      form: manifest.form,
      card: manifest,
      network: manifest.network,
      data: manifest.data,
    };
  }
  return { ...network, form: "unknown", card: guessCard(network.artifacts, folder) };
}

async function readNetwork(folder: string): Promise<Pick<ModelSource, "path" | "artifacts" | "sha256">> {
  const description = await readBytes(`${folder}/${MODEL_FILE}`, "a TensorFlow.js model.json");
  return {
    path: folder,
    artifacts: await loadLayersModelArtifacts(folder),
    sha256: await sha256(description),
  };
}

/** The run that a folder is the fused or the training form of. */
async function runAround(folder: string): Promise<RunDirectory | undefined> {
  const cut = folder.lastIndexOf("/");
  const run = runDirectoryAt(cut < 0 ? "." : folder.slice(0, cut));
  const path = cut < 0 ? `./${folder}` : folder;
  const isForm = path === run.fused || path === run.snapshot;
  return isForm && await exists(run.config) ? run : undefined;
}

/** What the topology alone tells: image size and number of classes; the normalization is ours. */
function guessCard(artifacts: io.ModelArtifacts, path: string): ModelCard {
  const { inputs, outputs } = readGraph(artifacts);
  const [input] = inputs;
  const size = input?.shape?.slice(1) ?? [];
  const classes = outputs[0]?.shape?.at(-1);
  if (
    inputs.length !== 1 || outputs.length !== 1 || size.length !== 3 || size.includes(null) || classes == null
  ) {
    const shapes = inputs.map(({ shape }) => `[${shape?.map((length) => length ?? "?") ?? "?"}]`).join(", ");
    throw new InputError(
      `Cannot use ${path}: expected one input [N, height, width, channels] of a fixed size and one output of a known ` +
        `number of classes; found inputs ${shapes || "none"} and ${outputs.length} outputs.`,
      "RepFuse exports, evaluates and predicts with classifiers of images.",
    );
  }
  const [height, width, channels] = size as [number, number, number];
  return {
    classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
    inputSize: [height, width, channels],
    normalization: defaultNormalization(channels),
  };
}

function modelFolder(named: string): string {
  if (!named.endsWith(".json")) return named.replace(/(?<=.)\/+$/, "");
  return named.includes("/") ? named.slice(0, named.lastIndexOf("/")) : ".";
}
