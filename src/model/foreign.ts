/**
 * A network of another program under a head of ours: of the network itself a run's configuration says no more than what goes in
 * and what its head takes, since it is a file, not a recipe.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { applyHead, POOL_LAYER } from "./architecture.ts";
import type { NetworkConfig } from "./config.ts";
import type { Seed } from "./initializers.ts";
import { tfjsLayers } from "./tfjs_layers.ts";

const count = z.int().min(1);

/** What `config.json` says of it. */
export const foreignNetworkSchema = z.strictObject({
  block: z.literal("foreign"),
  /** Height, width, channels. */
  inputSize: z.tuple([count, count, count]).readonly(),
  classCount: count,
  /** Numbers that the head takes for an image. */
  features: count,
});

/** A network of another program. */
export type ForeignNetwork = Readonly<z.infer<typeof foreignNetworkSchema>>;

/** Whether a network is of another program. */
export function isForeign(network: NetworkConfig | ForeignNetwork): network is ForeignNetwork {
  return network.block === "foreign";
}

/** The head alone, with fresh weights: features [N, features] at `head/pool` to logits [N, classes] at `head/dense`. */
export function createHead({ features, classCount }: ForeignNetwork, seed: Seed): tf.LayersModel {
  const inputs = tf.input({ shape: [features], name: POOL_LAYER });
  return tf.model({ inputs, outputs: applyHead(tfjsLayers(seed), inputs, classCount), name: "head" });
}
