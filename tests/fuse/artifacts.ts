/** Models as artifacts and back, without a disk. */
import * as tf from "@tensorflow/tfjs";

/** What `model.save` would write. */
export async function toArtifacts(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler((artifacts) => {
    saved = artifacts;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } });
  }));
  return saved!;
}

/** The model that plain `tf.loadLayersModel` makes of artifacts. */
export function toModel(artifacts: tf.io.ModelArtifacts): Promise<tf.LayersModel> {
  return tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
}

/** The values of one weight. */
export function weightOf({ weightSpecs, weightData }: tf.io.ModelArtifacts, name: string): Float32Array {
  const tensors = tf.io.decodeWeights(weightData!, weightSpecs!);
  const values = tensors[name]!.dataSync() as Float32Array;
  tf.dispose(tensors);
  return values;
}
