/**
 * From a model in memory to the artifacts that `model.json` and its shards are made of, without a disk.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What `model.save` would write; the model stays as it is. */
export async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler((artifacts) => {
    saved = artifacts;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } });
  }));
  return saved!;
}
