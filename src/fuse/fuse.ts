/**
 * Structural re-parameterization of any LayersModel: every affine stretch between two non-linearities becomes one
 * convolution, wherever that is exact and costs no more. A pure function over the standard artifacts; TensorFlow.js is
 * not called.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { LAWS, type Laws } from "./laws.ts";
import { costOf, costOfGraph } from "./network_cost.ts";
import { NetworkWriter } from "./network_writer.ts";
import { Plans } from "./plans.ts";
import { Rebuilder } from "./rebuild.ts";
import { refusedMerges } from "./refusals.ts";
import type { FusionReport } from "./report.ts";
import { readGraph } from "./topology.ts";
import { splitIntoSteps } from "./values.ts";
import { WeightStore } from "./weights.ts";

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
 * the bytes of their weights. A merge that is not exact, or that would take more multiply-accumulates, is not done, and
 * the report says why.
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
  return fuseUnder(LAWS, artifacts);
}

/** {@link fuse} under given laws: how the tests plant a fault in one of them. */
export function fuseUnder(laws: Laws, artifacts: io.ModelArtifacts): Fusion {
  const graph = readGraph(artifacts);
  const store = new WeightStore(artifacts);
  store.requireFinite();
  const steps = splitIntoSteps(graph, laws, store);
  const plans = new Plans(steps, laws);
  const names = graph.calls.map((call) => call.layer.name);
  const writer = new NetworkWriter(names);
  const rebuilder = new Rebuilder(plans, writer);
  const inputs = steps.inputs.map((input) => rebuilder.write(input));
  const outputs = steps.outputs.map((output) => rebuilder.write(output));
  const model = writer.finish(graph.name, inputs, outputs, store, names);
  const fused: io.ModelArtifacts = {
    ...model,
    format: "layers-model",
    generatedBy: artifacts.generatedBy ?? "RepFuse",
    convertedBy: artifacts.convertedBy ?? null,
    ...(artifacts.userDefinedMetadata === undefined
      ? {}
      : { userDefinedMetadata: artifacts.userDefinedMetadata }),
  };
  return {
    artifacts: fused,
    report: {
      regions: rebuilder.regions(),
      refusals: refusedMerges(plans, steps, (value) => rebuilder.isComputed(value)),
      before: costOfGraph(graph, artifacts.weightSpecs ?? []),
      after: costOf(fused),
    },
  };
}
