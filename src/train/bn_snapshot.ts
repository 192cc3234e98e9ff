/**
 * The BatchNorm snapshot: γ, β, running mean, running variance and ε of every BatchNormalization layer of a model, and
 * one hash over them all. Fusion reads the frozen model; the hash ties what it writes to these statistics.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { weightNamed } from "../formats/tfjs/weights.ts";
import type { BatchNorm, Graph, WeightRef } from "../graph/graph.ts";
import { sha256 } from "../files/hash.ts";

/** One BatchNormalization layer. Every list has one float32 value per channel. */
export interface BnStatistics {
  /** The layer's name: `stage2/block1/conv3x3_bn`. */
  readonly layer: string;
  /** ε, added to the variance before the square root. */
  readonly epsilon: number;
  /** γ, the scale. */
  readonly gamma: readonly number[];
  /** β, the shift. */
  readonly beta: readonly number[];
  /** μ, as inference uses it. */
  readonly runningMean: readonly number[];
  /** σ², as inference uses it. */
  readonly runningVariance: readonly number[];
}

/** The content of `bn_snapshot.json`. */
export interface BnSnapshot {
  /** SHA-256 over names, ε and values, in the order of the layers. */
  readonly hash: string;
  /** Every BatchNormalization layer, in the order of the model. */
  readonly layers: readonly BnStatistics[];
}

/**
 * Reads the snapshot out of a model.
 *
 * @param artifacts A LayersModel, its weights in any storage.
 * @throws {InputError} when a value is not finite, or a variance negative beyond ε: rounding may leave one below zero.
 */
export async function bnSnapshotOf(artifacts: io.ModelArtifacts): Promise<BnSnapshot> {
  const graph = readLayersModel(artifacts);
  const layers = batchNormsOf(graph).map((operation): BnStatistics => {
    const { epsilon, mean } = operation;
    const layer = nameOf(operation);
    const read = (ref: WeightRef | undefined, fallback: number): number[] =>
      ref === undefined
        ? new Array<number>(mean.shape[0]!).fill(fallback)
        : [...weightNamed(graph.weights, ref.name).read()];
    const statistics = {
      gamma: read(operation.gamma, 1),
      beta: read(operation.beta, 0),
      runningMean: read(mean, 0),
      runningVariance: read(operation.variance, 1),
    };
    for (const [part, values] of Object.entries(statistics)) {
      const bad = values.findIndex((value) =>
        !Number.isFinite(value) || (part === "runningVariance" && value + epsilon <= 0)
      );
      if (bad >= 0) throw new InputError(`BatchNorm ${layer}: ${part}[${bad}] is ${values[bad]}.`);
    }
    return { layer, epsilon, ...statistics };
  });
  return { hash: await hashOf(layers), layers };
}

/** Every BatchNormalization layer once, in the order of the file, which keeps the statistics layer by layer. */
function batchNormsOf({ operations, weights }: Graph): readonly BatchNorm[] {
  const found = new Map(
    operations.flatMap((operation) => operation.op === "batchNorm" ? [[nameOf(operation), operation]] : []),
  );
  const places = new Map([...weights.keys()].map((name, place) => [name, place]));
  return [...found.values()].sort((a, b) => places.get(a.mean.name)! - places.get(b.mean.name)!);
}

function nameOf({ name, origin }: BatchNorm): string {
  return origin?.name ?? name;
}

function hashOf(layers: readonly BnStatistics[]): Promise<string> {
  const text = new TextEncoder();
  return sha256(...layers.flatMap((bn) => [
    text.encode(`${bn.layer}\0${bn.epsilon}\0`),
    ...[bn.gamma, bn.beta, bn.runningMean, bn.runningVariance].map((values) => Float32Array.from(values)),
  ]));
}
