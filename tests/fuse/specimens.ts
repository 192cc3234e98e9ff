/** Small networks that between them show every fault: each law is used where a wrong one changes the output. */
import * as tf from "@tensorflow/tfjs";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";

/** The networks, by name, with fresh weights. */
export const SPECIMENS: Readonly<Record<string, () => tf.LayersModel>> = {
  repvgg: () => blocks({ block: "repvgg" }),
  mobileone: () => blocks({ block: "mobileone", convBranches: 2 }),
  fastvit: () => blocks({ block: "fastvit", kernelSizes: [5, 3] }),
  plainSkip: () => blocks({ block: "fastvit", kernelSizes: [3], skipIncludeBn: false }),
  dbb: () => blocks({ block: "dbb", groups: 2 }),
  acnet: () => blocks({ block: "acnet" }),
  qarepvgg: () => blocks({ block: "qarepvgg" }),
  unireplknet: () => blocks({ block: "unireplknet", groups: 4, groupsEvery: 2 }),
  repvit: () => blocks({ block: "repvit", activation: "gelu" }),
  layers: everyLayer,
};

function blocks(config: Record<string, unknown>): tf.LayersModel {
  const network = {
    inputSize: [8, 8, 3],
    classCount: 4,
    padding: "same",
    stem: { width: 4, stride: 2 },
    stages: [{ depth: 2, width: 4, stride: 1 }],
    ...config,
  };
  return createNetwork(parseNetworkConfig(network), { seed: 1 });
}

/** One chain with every affine layer, conv biases, both epsilons, and padding that differs on all sides. */
function everyLayer(): tf.LayersModel {
  const input = tf.input({ shape: [9, 8, 2], name: "image" });
  const through = (x: tf.SymbolicTensor, ...layers: tf.layers.Layer[]) =>
    layers.reduce((tensor, layer) => layer.apply(tensor) as tf.SymbolicTensor, x);
  const bn = (epsilon: number) => tf.layers.batchNormalization({ epsilon });
  const relu = () => tf.layers.reLU();
  const padded = through(
    input,
    tf.layers.zeroPadding2d({ padding: [[2, 0], [1, 0]] }),
    tf.layers.conv2d({ filters: 4, kernelSize: [3, 2] }),
    bn(1e-3),
    relu(),
  );
  const depthwise = through(
    padded,
    tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same" }),
    bn(1e-5),
    tf.layers.conv2d({ filters: 4, kernelSize: 1 }),
    relu(),
  );
  const branches = tf.layers.add().apply([
    through(
      depthwise,
      tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", dilationRate: 2 }),
      bn(1e-3),
    ),
    through(depthwise, tf.layers.conv2d({ filters: 4, kernelSize: 1 })),
    through(depthwise, tf.layers.rescaling({ scale: 0.5, offset: 2 })),
  ]) as tf.SymbolicTensor;
  const pooled = through(
    branches,
    relu(),
    bn(1e-3),
    tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }),
    relu(),
    tf.layers.averagePooling2d({ poolSize: 2, strides: 1, padding: "same" }),
    bn(1e-3),
    relu(),
    bn(1e-3),
    tf.layers.averagePooling2d({ poolSize: 2, strides: 2 }),
    bn(1e-5),
  );
  return tf.model({ inputs: input, outputs: pooled });
}
