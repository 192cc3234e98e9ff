/**
 * The BatchNorm snapshot: γ, β, running mean, running variance and ε of every BatchNormalization layer of a model, and
 * one hash over them all. Fusion reads the frozen model; the hash ties what it writes to these statistics.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { readWeights } from "../formats/tfjs/weights.ts";
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

/** The parts of a serialized layer that matter here. */
interface LayerEntry {
  readonly class_name: string;
  readonly config: {
    readonly name: string;
    readonly epsilon?: number;
    readonly layers?: readonly LayerEntry[];
  };
}

/** ε of a tf.layers BatchNormalization whose configuration does not say. */
const TFJS_DEFAULT_EPSILON = 1e-3;

/**
 * Reads the snapshot out of a model.
 *
 * @param artifacts A LayersModel, its weights in any storage.
 * @throws {InputError} when a value is not finite, or a variance negative beyond ε: rounding may leave one below zero.
 */
export async function bnSnapshotOf(artifacts: io.ModelArtifacts): Promise<BnSnapshot> {
  const weights = readWeights(artifacts);
  const layers: BnStatistics[] = [];
  for (const { name, epsilon } of batchNormLayers(artifacts.modelTopology as { model_config?: LayerEntry })) {
    const read = (part: string, fallback: number): Float32Array => {
      const channels = weights.get(`${name}/moving_mean`)?.shape[0] ?? 0;
      return weights.get(`${name}/${part}`)?.read() ?? new Float32Array(channels).fill(fallback);
    };
    const statistics = {
      gamma: read("gamma", 1),
      beta: read("beta", 0),
      runningMean: read("moving_mean", 0),
      runningVariance: read("moving_variance", 1),
    };
    for (const [part, values] of Object.entries(statistics)) {
      const bad = values.findIndex((value) =>
        !Number.isFinite(value) || (part === "runningVariance" && value + epsilon <= 0)
      );
      if (bad >= 0) throw new InputError(`BatchNorm ${name}: ${part}[${bad}] is ${values[bad]}.`);
    }
    layers.push({
      layer: name,
      epsilon,
      gamma: [...statistics.gamma],
      beta: [...statistics.beta],
      runningMean: [...statistics.runningMean],
      runningVariance: [...statistics.runningVariance],
    });
  }
  return { hash: await hashOf(layers), layers };
}

function hashOf(layers: readonly BnStatistics[]): Promise<string> {
  const text = new TextEncoder();
  return sha256(...layers.flatMap((bn) => [
    text.encode(`${bn.layer}\0${bn.epsilon}\0`),
    ...[bn.gamma, bn.beta, bn.runningMean, bn.runningVariance].map((values) => Float32Array.from(values)),
  ]));
}

function batchNormLayers(topology: { model_config?: LayerEntry }): { name: string; epsilon: number }[] {
  const root = topology.model_config ?? topology as unknown as LayerEntry;
  const found: { name: string; epsilon: number }[] = [];
  const visit = (entry: LayerEntry) => {
    if (entry.class_name === "BatchNormalization") {
      found.push({ name: entry.config.name, epsilon: entry.config.epsilon ?? TFJS_DEFAULT_EPSILON });
    }
    entry.config?.layers?.forEach(visit);
  };
  visit(root);
  return found;
}
