/**
 * Fusion of a LayersModel in one call: read, fuse, write.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { type FusedGraph, fuseUnder } from "../../fuse/fuse.ts";
import { LAWS, type Laws } from "../../fuse/laws.ts";
import type { LayerOutput } from "../../fuse/report.ts";
import { costOf } from "../../graph/cost.ts";
import type { Graph, Origin, ValueId } from "../../graph/graph.ts";
import { unitsOf } from "../../graph/units.ts";
import { readLayersModel } from "./read.ts";
import { describeLayersModel, writeLayersModel, writePlacedModel } from "./write.ts";

/** Where the values of both forms are given out by their models. */
export interface FusionPlaces {
  /** Values of the training form; in {@link Fusion.flat} where there is that. */
  readonly training: ReadonlyMap<ValueId, LayerOutput>;
  readonly fused: ReadonlyMap<ValueId, LayerOutput>;
}

/** A fused network and what was done to make it. */
export interface Fusion extends FusedGraph {
  /** A functional LayersModel that `tf.loadLayersModel` reads. */
  readonly artifacts: io.ModelArtifacts;
  /** The training form without nested models, where it has some: nobody can look into those from outside. */
  readonly flat?: () => io.ModelArtifacts;
  /** Where a proof finds what it compares. */
  readonly places: FusionPlaces;
}

/**
 * Fuses a network. The artifacts that are given stay as they are.
 *
 * Arithmetic is float64 and rounded once to float32. Layers that take no part keep their name, their configuration and
 * the bytes of their weights. A merge that is not exact, or that would take more MACs, is not done, and the report says
 * why.
 *
 * @param artifacts A LayersModel as a `tf.io` handler loads it: float32 weights, or quantized ones.
 * @throws {InputError} when it is not a LayersModel, a weight is not finite, or one that takes part is missing, of the
 *   wrong shape, or a negative variance.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { fuse } from "./fuse.ts";
 *
 * const layers = [
 *   tf.layers.conv2d({ name: "conv", filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
 *   tf.layers.batchNormalization({ name: "bn" }),
 *   tf.layers.reLU({ name: "relu" }),
 * ];
 * const training = await new Promise<tf.io.ModelArtifacts>((resolve) => {
 *   tf.sequential({ layers }).save(tf.io.withSaveHandler((artifacts) => {
 *     resolve(artifacts);
 *     return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } });
 *   }));
 * });
 * const { artifacts, report } = fuse(training);
 * const fused = await tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
 * console.log(fused.layers.length, report.regions[0]?.layers); // 2 [ "conv", "bn", "relu" ]
 * ```
 */
export function fuse(artifacts: io.ModelArtifacts): Fusion {
  return fuseArtifactsUnder(LAWS, artifacts);
}

/** {@link fuse} under given laws: how the tests plant a fault in one of them. */
export function fuseArtifactsUnder(laws: Laws, artifacts: io.ModelArtifacts): Fusion {
  const fused = fuseUnder(laws, readLayersModel(artifacts));
  const { artifacts: written, places } = writePlacedModel(fused.graph);
  const isNested = fused.source.operations.some(({ origin }) => origin?.isNested);
  const flat = isNested ? describeLayersModel(fused.source).places : undefined;
  return {
    ...fused,
    artifacts: written,
    ...(flat === undefined ? {} : { flat: () => writeLayersModel(fused.source) }),
    places: { training: flat ?? placesIn(fused.source), fused: places },
    // TensorFlow.js may need layers for what the graph says in one operation, such as a padding: the cost is the file's.
    report: { ...fused.report, after: costOf(readLayersModel(written)) },
  };
}

/** The results of the layers that a network was read from. */
function placesIn({ inputs, operations }: Graph): ReadonlyMap<ValueId, LayerOutput> {
  const places = new Map<ValueId, LayerOutput>();
  const note = (value: ValueId, origin: Origin | undefined) => {
    if (origin !== undefined) {
      places.set(value, { layer: origin.name, node: origin.call });
    }
  };
  for (const { value, origin } of inputs) note(value, origin);
  for (const { operations: parts, origin } of unitsOf(operations)) note(parts.at(-1)!.outputs[0]!, origin);
  return places;
}
