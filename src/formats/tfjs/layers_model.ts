/**
 * The standard TensorFlow.js LayersModel on disk: `model.json` (topology and weights manifest) and its weight shards.
 * Format: the `tfjs-layers` model of `@tensorflow/tfjs-converter`.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Graph } from "../../graph/graph.ts";
import { InputError } from "../../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../../files/atomic_write.ts";
import { joinBytes } from "../../files/join_bytes.ts";
import { openFileSource } from "../../files/byte_source.ts";
import { readJson } from "../../files/read.ts";
import { isObject } from "./layer_config.ts";
import { plainArtifacts } from "./plain_artifacts.ts";
import { storedBytes } from "./stored_weight.ts";
import { describeLayersModel, type LayersModelParts } from "./write.ts";

/** The name of the file that describes a model. */
export const MODEL_FILE = "model.json";

/** The standard shard size, chosen upstream so that browsers cache a shard. */
const SHARD_BYTES = 4 * 1024 * 1024;

/** The parts of `model.json` that are read here. */
interface ModelJson {
  readonly modelTopology?: unknown;
  readonly weightsManifest?: unknown;
  readonly format?: string;
  readonly generatedBy?: string;
  readonly userDefinedMetadata?: unknown;
}

/**
 * Writes `model.json` and `weights-<i>of<n>.bin` into a folder, the description last.
 *
 * @param folder Where the files go; made when missing.
 * @param artifacts The model, with its topology as an object.
 */
export async function saveLayersModel(folder: string, artifacts: io.ModelArtifacts): Promise<void> {
  const { weightData = [] } = artifacts;
  const buffers = Array.isArray(weightData) ? weightData : [weightData];
  await saveParts(folder, {
    description: artifacts,
    weightBytes: buffers.reduce((sum, { byteLength }) => sum + byteLength, 0),
    weightData: () => buffers.map((buffer) => new Uint8Array(buffer)),
  });
}

/**
 * Writes a network likewise, with one of its weights at a time in memory.
 *
 * @throws {InputError} when TensorFlow.js has no layer for an operation.
 */
export async function saveGraph(folder: string, graph: Graph): Promise<void> {
  await saveParts(folder, describeLayersModel(graph));
}

async function saveParts(
  folder: string,
  { description: artifacts, weightBytes, weightData }: LayersModelParts,
): Promise<void> {
  const shardCount = Math.max(1, Math.ceil(weightBytes / SHARD_BYTES));
  const paths: string[] = [];
  for (const shard of inShards(weightData())) {
    const name = `weights-${paths.length + 1}of${shardCount}.bin`;
    paths.push(name);
    await writeFileAtomically(`${folder}/${name}`, shard);
  }
  await writeJsonAtomically(`${folder}/${MODEL_FILE}`, {
    format: "layers-model",
    generatedBy: artifacts.generatedBy ?? "RepFuse",
    convertedBy: artifacts.convertedBy ?? null,
    ...(artifacts.userDefinedMetadata === undefined
      ? {}
      : { userDefinedMetadata: artifacts.userDefinedMetadata }),
    modelTopology: artifacts.modelTopology,
    weightsManifest: [{ paths, weights: artifacts.weightSpecs ?? [] }],
  });
}

/**
 * Reads a LayersModel from disk, without building it.
 *
 * @param path A `model.json`, or the folder that holds one.
 * @returns The artifacts; hand them to `tf.loadLayersModel({ load: async () => artifacts })`, or to `fuse`.
 * @throws {InputError} when a file is missing, cut, or describes something else than a LayersModel.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { loadLayersModelArtifacts, saveLayersModel } from "./layers_model.ts";
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
 * await model.save(tf.io.withSaveHandler(async (artifacts) => {
 *   await saveLayersModel(".cache/example", artifacts);
 *   return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
 * }));
 * const { weightSpecs } = await loadLayersModelArtifacts(".cache/example");
 * console.log(weightSpecs?.map(({ shape }) => shape)); // [ [ 3, 2 ], [ 2 ] ]
 * ```
 */
export async function loadLayersModelArtifacts(path: string): Promise<io.ModelArtifacts> {
  const file = path.endsWith(".json") ? path : `${path}/${MODEL_FILE}`;
  const json = await readJson(file, "a TensorFlow.js model.json") as ModelJson | null;
  if (json === null || typeof json !== "object" || json.modelTopology === undefined) {
    throw new InputError(`${file} is not a TensorFlow.js model.json: it has no "modelTopology".`);
  }
  if (json.format === "graph-model" || isGraphTopology(json.modelTopology)) throw isGraphModel(file);
  const manifest = parseManifest(file, json.weightsManifest);
  const folder = file.slice(0, Math.max(0, file.lastIndexOf("/"))) || ".";
  const shards: { readonly path: string; readonly bytes: number }[] = [];
  for (const group of manifest) {
    let bytes = 0;
    for (const name of group.paths) {
      checkShardName(name, file);
      const shard = await openFileSource(`${folder}/${name}`, SHARD_OF + file);
      shards.push({ path: `${folder}/${name}`, bytes: shard.length });
      bytes += shard.length;
      shard.close();
    }
    const expected = group.weights.reduce((sum, spec) => sum + storedBytes(spec), 0);
    if (bytes !== expected) {
      throw new InputError(
        `The weights of ${file} (${
          group.paths.join(", ")
        }) have ${bytes} bytes; its manifest says ${expected}. ` +
          "A file was cut or belongs to another model.",
      );
    }
  }
  return plainArtifacts({
    format: "layers-model",
    generatedBy: json.generatedBy ?? "unknown",
    ...(isObject(json.userDefinedMetadata)
      ? { userDefinedMetadata: json.userDefinedMetadata as Record<string, object> }
      : {}),
    modelTopology: json.modelTopology as object,
    weightSpecs: manifest.flatMap(({ weights }) => weights),
    weightData: await readShards(shards, SHARD_OF + file),
  });
}

const SHARD_OF = "a weight shard of ";

/** The files one after the other, in memory of their own; each is read when the one before is in place. */
async function readShards(
  shards: readonly { readonly path: string; readonly bytes: number }[],
  expected: string,
): Promise<ArrayBuffer> {
  const data = new Uint8Array(shards.reduce((sum, { bytes }) => sum + bytes, 0));
  let at = 0;
  for (const { path, bytes } of shards) {
    const shard = await openFileSource(path, expected);
    try {
      data.set(shard.read(0, bytes), at);
    } finally {
      shard.close();
    }
    at += bytes;
  }
  return data.buffer;
}

/** The parts, cut anew: all shards are full but the last, of which there is one in any case. They live for one turn. */
function* inShards(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  const shard = new Uint8Array(SHARD_BYTES);
  let filled = 0;
  let count = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length;) {
      const piece = part.subarray(at, at + SHARD_BYTES - filled);
      shard.set(piece, filled);
      at += piece.length;
      filled += piece.length;
      if (filled < SHARD_BYTES) continue;
      yield shard;
      count++;
      filled = 0;
    }
  }
  if (filled > 0 || count === 0) yield shard.subarray(0, filled);
}

/** The weight data as one run of bytes, however tfjs holds it. */
export function joinBuffers(data: io.WeightData | undefined): Uint8Array<ArrayBuffer> {
  if (data === undefined) return new Uint8Array(0);
  return Array.isArray(data) ? joinBytes(data.map((buffer) => new Uint8Array(buffer))) : new Uint8Array(data);
}

/**
 * A manifest names files beside `model.json`, and no others: what it names is read, and copied into exports.
 *
 * @throws {InputError} for a path.
 */
function checkShardName(name: string, file: string): void {
  const isPlain = name !== "" && name !== "." && name !== ".." && !/[/\\:\0]/.test(name);
  if (isPlain) return;
  throw new InputError(
    `${file} names the weight file ${
      JSON.stringify(name)
    }, expected a plain name of a file in its own folder.`,
    "Put the weight files beside model.json, and name them so in its weightsManifest.",
  );
}

/** Layers are gone from a graph model, and what is left cannot be trained or told apart: it is refused by name. */
function isGraphModel(file: string): InputError {
  return new InputError(
    `${file} is a GraphModel, a frozen TensorFlow graph without layers; RepFuse reads LayersModels.`,
    "Convert the Keras model again: tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model. " +
      "A SavedModel is loaded with tf_keras and saved as .h5 first; a .keras or .h5 file can be given to fuse as it is.",
  );
}

function parseManifest(file: string, value: unknown): io.WeightsManifestConfig {
  const good = Array.isArray(value) &&
    value.every((group) =>
      Array.isArray(group?.paths) && group.paths.every((path: unknown) => typeof path === "string") &&
      Array.isArray(group?.weights) &&
      group.weights.every((spec: unknown) => isWeightSpec(spec))
    );
  if (!good) throw new InputError(`${file} has no usable "weightsManifest".`);
  return value as io.WeightsManifestConfig;
}

function isWeightSpec(spec: unknown): boolean {
  const { name, shape, dtype } = (spec ?? {}) as Partial<io.WeightsManifestEntry>;
  return typeof name === "string" && typeof dtype === "string" && Array.isArray(shape) &&
    shape.every((size) => Number.isInteger(size) && size >= 0);
}

function isGraphTopology(topology: unknown): boolean {
  return typeof topology === "object" && topology !== null && "node" in topology;
}
