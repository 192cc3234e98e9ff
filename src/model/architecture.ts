/**
 * From a configuration to the layers of a whole network, in either form: stem, stages, global average pooling, and a dense
 * head whose outputs are logits. What the layers become is the builder's choice.
 *
 * @module
 */
import type { Block } from "./blocks/define.ts";
import { applyBlocks, type NetworkForm } from "./placed_blocks.ts";
import type { NetworkConfig } from "./config.ts";
import type { LayerBuilder, LayerValue } from "./layer_builder.ts";

export type { NetworkForm } from "./placed_blocks.ts";

/** Name of the input: images NHWC. */
export const INPUT_LAYER = "image";

/** Name of the layer whose output [N, C] the head classifies. */
export const POOL_LAYER = "head/pool";

/** Name of the layer whose output [N, classes] are the logits. */
export const HEAD_LAYER = "head/dense";

/** The standard deviation of a fresh head: the first logits are near zero, the first loss near ln(classes). */
const HEAD_DEVIATION = 0.01;

/**
 * x [N, height, width, channels] through the network: logits [N, classCount].
 *
 * @param own The block, where the configuration names a person's own file.
 */
export function applyNetwork<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  config: NetworkConfig,
  form: NetworkForm,
  own?: Block,
): X {
  const features = applyBlocks(net, x, config, form, own);
  return applyHead(net, net.globalAveragePool(features, POOL_LAYER), config.classCount);
}

/** Features [N, C] to logits [N, classCount]. */
export function applyHead<X extends LayerValue>(net: LayerBuilder<X>, features: X, classCount: number): X {
  return net.dense(features, {
    name: HEAD_LAYER,
    units: classCount,
    activation: "linear",
    deviation: HEAD_DEVIATION,
  });
}
