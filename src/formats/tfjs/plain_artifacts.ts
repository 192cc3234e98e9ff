/**
 * A LayersModel as plain `tf.loadLayersModel` takes it, whichever Keras wrote it.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { isObject } from "./layer_config.ts";
import { plainTopology } from "./plain_topology.ts";
import { resolveWeightNames } from "./weight_names.ts";

/**
 * The same model with its topology in the words of Keras 2, and its weights under the names of their layers.
 *
 * @throws {InputError} when it cannot be said so: see {@link plainTopology} and {@link resolveWeightNames}.
 */
export function plainArtifacts(artifacts: io.ModelArtifacts): io.ModelArtifacts {
  const { modelTopology, weightSpecs } = artifacts;
  if (!isObject(modelTopology)) return artifacts;
  const topology = plainTopology(modelTopology);
  return {
    ...artifacts,
    modelTopology: topology,
    ...(weightSpecs === undefined ? {} : { weightSpecs: resolveWeightNames(topology, weightSpecs) }),
  };
}
