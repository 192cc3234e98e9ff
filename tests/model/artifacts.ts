/** From artifacts to a model, in memory. */
import * as tf from "@tensorflow/tfjs";

/** The model that the artifacts describe. */
export function modelOf(artifacts: tf.io.ModelArtifacts): Promise<tf.LayersModel> {
  return tf.loadLayersModel(tf.io.fromMemory(artifacts));
}
