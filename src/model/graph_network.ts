/**
 * From a configuration to a {@link Graph}, without numbers and without TensorFlow.js.
 *
 * @module
 */
import type { Graph } from "../graph/graph.ts";
import { applyNetwork, INPUT_LAYER, type NetworkForm } from "./architecture.ts";
import type { Block } from "./blocks/define.ts";
import type { NetworkConfig } from "./config.ts";
import { GraphLayers } from "./graph_layers.ts";

/**
 * The network that `createNetwork` or `createDeployNetwork` makes, its layers under the same names. It has no weights yet:
 * what its operations refer to is for the caller to add.
 */
export function networkGraph(config: NetworkConfig, form: NetworkForm, own?: Block): Graph {
  const net = new GraphLayers();
  const input = net.input(config.inputSize);
  return net.finish(
    own?.name ?? config.block,
    INPUT_LAYER,
    input,
    applyNetwork(net, input, config, form, own),
  );
}
