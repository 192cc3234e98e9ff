/**
 * Fusion of a LayersModel in one call: read, fuse, write.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { fuseUnder } from "../../fuse/fuse.ts";
import { LAWS, type Laws } from "../../fuse/laws.ts";
import type { FusionReport } from "../../fuse/report.ts";
import { costOf } from "../../graph/cost.ts";
import { readLayersModel } from "./read.ts";
import { writeLayersModel } from "./write.ts";

/** A fused network and what was done to make it. */
export interface Fusion {
  /** A functional LayersModel that `tf.loadLayersModel` reads. */
  readonly artifacts: io.ModelArtifacts;
  /** What merged, what did not and why, and what it saves. */
  readonly report: FusionReport;
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
  const { graph, report } = fuseUnder(laws, readLayersModel(artifacts));
  const fused = writeLayersModel(graph);
  // TensorFlow.js may need layers for what the graph says in one operation, such as a padding: the cost is the file's.
  return { artifacts: fused, report: { ...report, after: costOf(readLayersModel(fused)) } };
}
