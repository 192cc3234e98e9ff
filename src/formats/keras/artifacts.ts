/**
 * Named arrays and a Keras configuration as the artifacts of a LayersModel.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Hdf5Array } from "./hdf5.ts";
import type { Json } from "../tfjs/layer_config.ts";
import { plainArtifacts } from "../tfjs/plain_artifacts.ts";

/** A weight of a file. */
export interface NamedArray extends Hdf5Array {
  readonly name: string;
}

/**
 * The artifacts that `tf.loadLayersModel` reads.
 *
 * @param version Of the Keras that wrote the file.
 * @throws {InputError} when the configuration is not one of a LayersModel.
 */
export function artifactsFrom(
  config: Json,
  version: string,
  weights: readonly NamedArray[],
): io.ModelArtifacts {
  const data = new Float32Array(weights.reduce((sum, { values }) => sum + values.length, 0));
  weights.reduce((offset, { values }) => {
    data.set(values, offset);
    return offset + values.length;
  }, 0);
  return plainArtifacts({
    format: "layers-model",
    generatedBy: `keras v${version}`,
    convertedBy: "RepFuse",
    modelTopology: { keras_version: version, backend: "tensorflow", model_config: config },
    weightSpecs: weights.map(({ name, shape }) => ({ name, shape: [...shape], dtype: "float32" })),
    weightData: data.buffer,
  });
}
