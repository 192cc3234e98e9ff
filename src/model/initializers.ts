/**
 * Where weights start. Every layer draws from its own stream, derived from the network's seed and the layer's name, so
 * that a branch switched off leaves all other weights as they were.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Random } from "../random.ts";

/** The initializers of TensorFlow.js take a seed below this. */
const SEED_RANGE = 2 ** 31;

/** The same number gives the same weights; null leaves kernels at zero, for weights that are loaded next. */
export type Seed = number | null;

/** The initializer type of tf.layers, which tfjs does not export by name. */
export type Initializer = ReturnType<typeof tf.initializers.zeros>;

/**
 * Normal with variance 2 / fan-in, fan-in = kh·kw·(input channels that one output sees) (He et al., 2015, equation 10).
 *
 * `tf.initializers.heNormal` would count all C channels of a depthwise kernel [kh, kw, C, M], of which each output sees one.
 *
 * @param fanIn Products summed into one output.
 */
export function heNormal(fanIn: number, seed: Seed, layerName: string): Initializer {
  return normal(Math.sqrt(2 / fanIn), seed, layerName);
}

/** Normal with this standard deviation. */
export function normal(stddev: number, seed: Seed, layerName: string): Initializer {
  if (seed === null) return zeros();
  const layerSeed = Random.from(seed, "initializer", layerName).integer(SEED_RANGE);
  return tf.initializers.randomNormal({ mean: 0, stddev, seed: layerSeed });
}

/** Zero everywhere. */
export function zeros(): Initializer {
  return tf.initializers.zeros();
}
