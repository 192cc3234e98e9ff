/** Weights that hide nothing: normal kernels and biases, random BatchNorm statistics. */
import type * as tf from "@tensorflow/tfjs";
import { randomizeBatchNorm } from "./randomize_batch_norm.ts";
import { readWeights, weightNamed } from "../../src/formats/tfjs/weights.ts";
import { Random } from "../../src/random.ts";

/** The same network with every weight drawn from the seed. */
export function randomizeWeights(artifacts: tf.io.ModelArtifacts, seed: number): tf.io.ModelArtifacts {
  const store = readWeights(artifacts);
  const specs = artifacts.weightSpecs ?? [];
  const values = specs.flatMap(({ name, shape }) => {
    const random = Random.from(seed, "weights", name);
    const fanIn = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    return Array.from(weightNamed(store, name).read(), () => random.normal() / Math.sqrt(fanIn));
  });
  return randomizeBatchNorm({ ...artifacts, weightData: new Float32Array(values).buffer }, seed);
}
