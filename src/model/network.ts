/**
 * From a configuration to an ordinary `tf.LayersModel` in its training form: stem, stages, global average pooling, and a
 * dense head whose outputs are logits. Dropout and softmax belong to the training loop.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { apply } from "./apply.ts";
import { applyDeployBlock } from "./blocks/deploy.ts";
import { applyBlock, type PlacedBlock, placedBlocks } from "./blocks/from_config.ts";
import type { NetworkConfig } from "./config.ts";
import { headNormal, type Seed } from "./initializers.ts";

/** Name of the layer whose output [N, C] the head classifies. */
export const POOL_LAYER = "head/pool";

/** Name of the layer whose output [N, classes] are the logits. */
export const HEAD_LAYER = "head/dense";

/**
 * The network, with fresh weights.
 *
 * Input: images NHWC [N, height, width, channels]. Output: logits [N, classCount]. Layers are named after their place:
 * `stage0/block1` is the stem, `stage2/block1/conv3x3_bn` a BatchNorm of the first block of the second stage.
 *
 * @param config From {@link parseNetworkConfig} or {@link presetConfig}.
 * @param options seed: the same seed gives the same weights; null leaves kernels at zero, to be loaded.
 */
export function createNetwork(config: NetworkConfig, options: { seed: Seed }): tf.LayersModel {
  return assemble(config, options.seed, applyBlock);
}

/**
 * The network in its deploy form: each block one convolution with bias, `stage2/block1/reparam`, and its activation. Its
 * weights are those of a fused network, or of a file in the deploy form; fresh ones are of little use.
 *
 * Input and output as of {@link createNetwork}.
 */
export function createDeployNetwork(config: NetworkConfig, options: { seed: Seed }): tf.LayersModel {
  return assemble(config, options.seed, applyDeployBlock);
}

type ApplyBlock = (x: tf.SymbolicTensor, config: NetworkConfig, block: PlacedBlock) => tf.SymbolicTensor;

function assemble(config: NetworkConfig, seed: Seed, applyBlock: ApplyBlock): tf.LayersModel {
  const input = tf.input({ shape: [...config.inputSize], name: "image" });
  const features = placedBlocks(config, seed)
    .reduce<tf.SymbolicTensor>((x, block) => applyBlock(x, config, block), input);
  const pooled = apply(tf.layers.globalAveragePooling2d({ name: POOL_LAYER }), features);
  const head = tf.layers.dense({
    name: HEAD_LAYER,
    units: config.classCount,
    kernelInitializer: headNormal(seed, HEAD_LAYER),
  });
  return tf.model({ inputs: input, outputs: apply(head, pooled), name: config.block });
}
