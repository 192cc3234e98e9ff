/**
 * From a configuration to an ordinary `tf.LayersModel`, which trains. Dropout and softmax belong to the training loop.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { applyNetwork, INPUT_LAYER, type NetworkForm } from "./architecture.ts";
import type { Block } from "./blocks/define.ts";
import type { NetworkConfig } from "./config.ts";
import type { Seed } from "./initializers.ts";
import { tfjsLayers } from "./tfjs_layers.ts";

/** What a network needs beside its configuration. */
export interface NetworkOptions {
  readonly seed: Seed;
  readonly own?: Block | undefined;
}

/** What can be trained: "wide" with its branches, "plain" without them, or "deploy", without BatchNorms either. */
export const TRAINED_FORMS = {
  wide: "training",
  plain: "plain",
  deploy: "deploy",
} as const satisfies Readonly<Record<string, NetworkForm>>;

/** What {@link createNetwork} is told. */
export interface TrainedNetworkOptions extends NetworkOptions {
  /** "wide" by default. */
  readonly form?: keyof typeof TRAINED_FORMS;
}

/**
 * The network in its training form, with fresh weights.
 *
 * Input: images NHWC [N, height, width, channels]. Output: logits [N, classCount]. Layers are named after their place:
 * `stage0/block1` is the stem, `stage2/block1/conv3x3_bn` a BatchNorm of the first block of the second stage.
 *
 * @param config From {@link parseNetworkConfig} or {@link presetConfig}.
 * @param options seed: the same seed gives the same weights; null leaves kernels at zero, to be loaded. own: the block,
 *   where the configuration names a person's own file. form: whether it has its branches, or is its own plain twin.
 */
export function createNetwork(config: NetworkConfig, options: TrainedNetworkOptions): tf.LayersModel {
  return assemble(config, TRAINED_FORMS[options.form ?? "wide"], options);
}

/**
 * The network in its deploy form: each block one convolution with bias, `stage2/block1/reparam`, and its activation. Its
 * weights are those of a fused network, or of a file in the deploy form; fresh ones are of little use.
 *
 * Input and output as of {@link createNetwork}.
 */
export function createDeployNetwork(config: NetworkConfig, options: NetworkOptions): tf.LayersModel {
  return assemble(config, "deploy", options);
}

function assemble(config: NetworkConfig, form: NetworkForm, { seed, own }: NetworkOptions): tf.LayersModel {
  const input = tf.input({ shape: [...config.inputSize], name: INPUT_LAYER });
  const outputs = applyNetwork(tfjsLayers(seed), input, config, form, own);
  return tf.model({ inputs: input, outputs, name: own?.name ?? config.block });
}
