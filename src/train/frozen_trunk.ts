/**
 * Fine-tuning of a network of another program: all of it up to its last features stays as it is and runs once, fused; a head of
 * ours trains on what it makes of the images.
 *
 * The features of a foreign network may have any size. The head trains on standardized ones, z = s·(x − μ)/σ, as after a
 * BatchNorm, and what is kept is the same function of the features themselves: W' = diag(s/σ)·W, b' = b − (s·μ/σ)·W.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import { fuse } from "../formats/tfjs/fuse.ts";
import { writeLayersModel } from "../formats/tfjs/write.ts";
import type { Graph } from "../graph/graph.ts";
import { withHead } from "../graph/trunk.ts";
import { HEAD_LAYER } from "../model/architecture.ts";
import { openModel } from "../model/open_model.ts";
import type { TrainingConfig } from "./config.ts";
import { cacheFeatures, featureExamples, type ViewOptions } from "./features.ts";
import type { TrainedPart } from "./trained_part.ts";

/** Variance below which a feature says nothing: ε as of a BatchNorm. */
const EPSILON = 1e-3;

/** Of how many features the head's learning rate is meant: the variances of more add up to no more than theirs. */
const USUAL_FEATURES = 64;

/** A head, what it trains on, and the network that it belongs to. */
export interface HeadOnTrunk {
  readonly part: TrainedPart;
  /** The trunk under the head as it is now. */
  whole(): Graph;
}

/** z = factor·x + offset, feature by feature. */
interface Standard {
  readonly factors: Float32Array;
  readonly offsets: Float32Array;
}

/**
 * What stands behind a frozen trunk.
 *
 * @param trunk Of `graph/trunk.ts`.
 * @param head Of `model/foreign.ts`; it stays the caller's.
 * @param dataset Images of the trunk's input size.
 * @throws {InputError} when the features take too much memory.
 */
export async function behindFrozenTrunk(
  trunk: Graph,
  head: tf.LayersModel,
  dataset: Dataset,
  config: TrainingConfig,
  options: ViewOptions,
): Promise<HeadOnTrunk> {
  const { artifacts } = fuse(writeLayersModel(trunk));
  const fused = await openModel(artifacts, `${trunk.name}, fused`);
  try {
    const { train, validation } = await cacheFeatures(fused, dataset, config, options, "the frozen layers");
    const shape = head.inputs[0]!.shape.slice(1) as number[];
    const standard = standardOf(train[0]!, shape[0]!);
    for (const features of [...train, ...validation === undefined ? [] : [validation]]) {
      standardize(features, standard);
    }
    return {
      part: {
        input: head.inputs[0]!,
        trains: () => true,
        logitsOf: (batch) => head.predict(batch) as tf.Tensor2D,
        train: featureExamples(train, shape, dataset.train),
        validation: validation && featureExamples([validation], shape, dataset.validation!),
      },
      whole: () => {
        const [kernel, bias] = head.getWeights().map((weight) => weight.dataSync<"float32">());
        return withHead(trunk, { name: HEAD_LAYER, ...unstandardized(kernel!, bias!, standard) });
      },
    };
  } finally {
    fused.dispose();
  }
}

/** Mean 0 and variance s² over the images, [count, length]. */
function standardOf(features: Float32Array, length: number): Standard {
  const count = features.length / length;
  const sums = new Float64Array(length);
  features.forEach((x, i) => sums[i % length]! += x);
  const squares = new Float64Array(length);
  features.forEach((x, i) => squares[i % length]! += (x - sums[i % length]! / count) ** 2);
  const scale = Math.sqrt(Math.min(1, USUAL_FEATURES / length));
  const factors = Float32Array.from(squares, (sum) => scale / Math.sqrt(sum / count + EPSILON));
  return { factors, offsets: factors.map((factor, c) => -factor * sums[c]! / count) };
}

function standardize(features: Float32Array, { factors, offsets }: Standard): void {
  const { length } = factors;
  for (let i = 0; i < features.length; i++) {
    features[i] = features[i]! * factors[i % length]! + offsets[i % length]!;
  }
}

/** The head of the features themselves: kernel [features, classes], bias [classes]. */
function unstandardized(kernel: Float32Array, bias: Float32Array, { factors, offsets }: Standard) {
  const classes = bias.length;
  const sums = Float64Array.from(bias);
  kernel.forEach((w, i) => sums[i % classes]! += w * offsets[Math.floor(i / classes)]!);
  return {
    kernel: kernel.map((w, i) => w * factors[Math.floor(i / classes)]!),
    bias: Float32Array.from(sums),
  };
}
