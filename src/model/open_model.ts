/**
 * From artifacts to a model that runs, with every layer of ours registered.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import "./layers/grouped_conv2d.ts";

/**
 * Builds the model that artifacts describe.
 *
 * @param artifacts As `fuse` or `loadLayersModelArtifacts` return them.
 * @param name What to call the model in an error: its path.
 * @throws {InputError} when TensorFlow.js cannot build it.
 */
export async function openModel(artifacts: tf.io.ModelArtifacts, name: string): Promise<tf.LayersModel> {
  try {
    return await tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`Cannot build the model ${name}: ${reason}`);
  }
}
