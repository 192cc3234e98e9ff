/** Weights for tests: random BatchNorm statistics that a wrong fusion or import cannot survive. */
import * as tf from "@tensorflow/tfjs";
import { Random } from "../../src/random.ts";

/**
 * Gives every BatchNorm of the model signed γ in ±[0.5, 1.5], β and mean of deviation 0.5, variance in [0.5, 2], and every
 * bias a value.
 */
export function randomizeWeights(model: tf.LayersModel, seed = 1): tf.LayersModel {
  for (const layer of model.layers) {
    const random = Random.from(seed, layer.name);
    const normal = () => 0.5 * random.normal();
    const signed = () => random.uniform(0.5, 1.5) * (random.uniform() < 0.5 ? -1 : 1);
    const weights = layer.getWeights();
    if (layer.getClassName() === "BatchNormalization") {
      const draws = [signed, normal, normal, () => random.uniform(0.5, 2)];
      layer.setWeights(weights.map((weight, i) => drawn(weight.shape, draws[i]!)));
    } else if (weights.length === 2) {
      layer.setWeights([weights[0]!, drawn(weights[1]!.shape, normal)]);
    }
  }
  return model;
}

function drawn(shape: number[], draw: () => number): tf.Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  return tf.tensor(Float32Array.from({ length }, draw), shape);
}
