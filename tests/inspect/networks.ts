/** Networks to inspect: one of ours, and one as others build them, with merges that are not exact. */
import * as tf from "@tensorflow/tfjs";
import { type BlockKind, parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { randomizeWeights } from "../model/weights.ts";

/** A small network of ours: a stem, a block that keeps its shape twice, one that does not. */
export async function networkOf(block: BlockKind): Promise<tf.io.ModelArtifacts> {
  await tf.setBackend("cpu");
  const config = parseNetworkConfig({
    block,
    inputSize: [16, 16, 3],
    classCount: 4,
    stem: { width: 8 },
    stages: [{ depth: 2, width: 8, stride: 1 }, { depth: 1, width: 16 }],
  });
  return await artifactsOf(randomizeWeights(createNetwork(config, { seed: 1 })));
}

/**
 * A residual network whose authors did not think of fusion: a bias before a padded convolution, a BatchNorm before one, an
 * activation inside a branch, and a Dropout.
 */
export async function foreignNetwork(): Promise<tf.io.ModelArtifacts> {
  await tf.setBackend("cpu");
  const { layers } = tf;
  const same = { padding: "same" as const, useBias: true };
  const conv = (name: string, size: number) => layers.conv2d({ name, filters: 8, kernelSize: size, ...same });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(x) as tf.SymbolicTensor;
  const norm = (name: string, x: tf.SymbolicTensor) => apply(layers.batchNormalization({ name }), x);
  const relu = (name: string, x: tf.SymbolicTensor) => apply(layers.reLU({ name }), x);

  const image = tf.input({ shape: [16, 16, 3], name: "image" });
  let x = norm("stem_bn", apply(conv("stem", 3), image));
  x = relu("stem_relu", apply(conv("stem_again", 3), x));

  let y = relu("inner_relu", norm("first_bn", apply(conv("first", 3), x)));
  y = norm("second_bn", apply(conv("second", 3), y));
  x = relu("block_relu", apply(layers.add({ name: "block_add" }), [y, x]));

  const before = apply(conv("after_bn", 3), norm("bn_before", x));
  const straight = norm("straight_bn", apply(conv("straight", 1), x));
  x = relu("end_relu", apply(layers.add({ name: "end_add" }), [before, straight]));
  x = apply(layers.globalAveragePooling2d({ name: "pool" }), x);
  x = apply(layers.dropout({ name: "dropout", rate: 0.2 }), x);
  const logits = apply(layers.dense({ name: "logits", units: 4 }), x);
  return await artifactsOf(randomizeWeights(tf.model({ inputs: image, outputs: logits, name: "foreign" })));
}
