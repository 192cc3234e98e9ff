/**
 * From artifacts to a model that runs, with every layer of ours registered.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import "./layers/grouped_conv2d.ts";

/** Layers along one axis that TensorFlow.js lacks, by those that do the same on images of height 1. */
const AS_IMAGES: ReadonlyMap<string, string> = new Map(
  [["SeparableConv1D", "SeparableConv2D"], ["Conv1DTranspose", "Conv2DTranspose"]].map((
    [className, onImages],
  ) => [
    className!,
    `Write it in Keras as Reshape((1, length, channels)), ${onImages} with a kernel of height 1, and Reshape back; or ` +
    "export the model as ONNX and fuse that.",
  ]),
);

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
    const [, unknown] = /^Unknown layer: (\w+)/.exec(reason) ?? [];
    if (unknown !== undefined) {
      throw new InputError(
        `Cannot build the model ${name}: TensorFlow.js has no layer ${unknown}.`,
        AS_IMAGES.get(unknown) ??
          "Write it in Keras with layers that TensorFlow.js has, or export the model as ONNX and fuse that.",
      );
    }
    throw new InputError(`Cannot build the model ${name}: ${reason}`);
  }
}
