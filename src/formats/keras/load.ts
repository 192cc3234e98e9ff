/**
 * A LayersModel from whatever file a person has of it: a `model.json` or its folder, a `.keras` archive, a `.h5`.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { readBytes } from "../../files/read.ts";
import { loadLayersModelArtifacts, MODEL_FILE } from "../tfjs/layers_model.ts";
import { isKerasFile, readKeras } from "./read.ts";

/** The file that a model is read from: its `model.json` where a folder is named. */
export function modelFile(path: string): string {
  return path.endsWith(".json") || isKerasFile(path) ? path : `${path}/${MODEL_FILE}`;
}

/**
 * Reads a model, without building it.
 *
 * @param path The file, or the folder of a `model.json`.
 * @throws {InputError} when a file is missing, cut, or describes something else than a LayersModel.
 */
export async function loadModelArtifacts(path: string): Promise<io.ModelArtifacts> {
  return isKerasFile(path)
    ? await readKeras(await readBytes(path, "a model of Keras"), path)
    : await loadLayersModelArtifacts(path);
}
