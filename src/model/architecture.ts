/**
 * From a configuration to the layers of a whole network, in either form: stem, stages, global average pooling, and a dense
 * head whose outputs are logits. What the layers become is the builder's choice.
 *
 * @module
 */
import { applyDeployBlock } from "./blocks/deploy.ts";
import { applyBlock, placedBlocks } from "./blocks/from_config.ts";
import type { NetworkConfig } from "./config.ts";
import type { LayerBuilder, LayerValue } from "./layer_builder.ts";

/** "training" with all branches of its blocks, or "deploy" with one convolution in place of each. */
export type NetworkForm = "training" | "deploy";

/** Name of the input: images NHWC. */
export const INPUT_LAYER = "image";

/** Name of the layer whose output [N, C] the head classifies. */
export const POOL_LAYER = "head/pool";

/** Name of the layer whose output [N, classes] are the logits. */
export const HEAD_LAYER = "head/dense";

/** The standard deviation of a fresh head: the first logits are near zero, the first loss near ln(classes). */
const HEAD_DEVIATION = 0.01;

/** x [N, height, width, channels] through the network: logits [N, classCount]. */
export function applyNetwork<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  config: NetworkConfig,
  form: NetworkForm,
): X {
  const apply = form === "deploy" ? applyDeployBlock : applyBlock;
  const features = placedBlocks(config).reduce<X>((y, block) => apply(net, y, config, block), x);
  return net.dense(net.globalAveragePool(features, POOL_LAYER), {
    name: HEAD_LAYER,
    units: config.classCount,
    activation: "linear",
    deviation: HEAD_DEVIATION,
  });
}
