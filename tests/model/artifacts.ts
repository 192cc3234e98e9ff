/** From artifacts to a model, in memory, and from a model to a graph. */
import * as tf from "@tensorflow/tfjs";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";

/** The model that the artifacts describe. */
export function modelOf(artifacts: tf.io.ModelArtifacts): Promise<tf.LayersModel> {
  return tf.loadLayersModel(tf.io.fromMemory(artifacts));
}

/** What the model computes. */
export async function graphOf(model: tf.LayersModel): Promise<Graph> {
  return readLayersModel(await artifactsOf(model));
}
