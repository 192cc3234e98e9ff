/**
 * The `tfjs` format: `model.json` and weight shards of 4 MB that plain `tf.loadLayersModel` reads, quantized or not.
 *
 * @module
 */
import { openArtifacts } from "../classify/tfjs.ts";
import type { ExportFormat } from "./export_format.ts";
import { loadLayersModelArtifacts, saveLayersModel } from "../formats/tfjs/layers_model.ts";

/** Quantized weights are decoded to the very floats that the source's are rounded to, so nothing else may differ. */
const TOLERANCE = 1e-6;

/** A LayersModel as TensorFlow.js saves it. */
export const TFJS_FORMAT: ExportFormat = {
  name: "tfjs",
  summary: "model.json and weight shards for tf.loadLayersModel",
  precisions: ["float32", "float16", "uint16", "uint8"],
  tolerance: TOLERANCE,
  write: (folder, { artifacts }) => saveLayersModel(folder, artifacts),
  open: async (folder, card) => openArtifacts(await loadLayersModelArtifacts(folder), card, folder),
};
