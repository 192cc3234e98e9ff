/**
 * The `tfjs` format: `model.json` and weight shards of 4 MiB that plain `tf.loadLayersModel` reads, quantized or not.
 *
 * Who lists the formats does not load TensorFlow.js for that: it is imported where it is used.
 *
 * @module
 */
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
  async open(folder, card) {
    const { openArtifacts } = await import("../classify/tfjs.ts");
    return await openArtifacts(await loadLayersModelArtifacts(folder), card, folder);
  },
};
