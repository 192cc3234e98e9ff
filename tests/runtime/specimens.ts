/** Networks that between them have every operation of the runtime, with random weights and BatchNorm statistics. */
import * as tf from "@tensorflow/tfjs";
import { randomizeBatchNorm } from "../fuse/randomize_batch_norm.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { ACTIVATIONS } from "../../src/graph/activation.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
// Registers the layer, so that networks with grouped convolutions can be loaded.
import { GroupedConv2D } from "../../src/model/layers/grouped_conv2d.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";

/** A network and what it is there for. */
export interface Specimen {
  readonly name: string;
  readonly artifacts: tf.io.ModelArtifacts;
}

/** Both forms of a network of each kind of block, and networks of single layers. */
export async function specimens(): Promise<Specimen[]> {
  const found: Specimen[] = [];
  for (const [name, extra] of Object.entries(BLOCKS)) {
    const config = parseNetworkConfig({ ...SMALL, ...extra });
    const training = randomizeBatchNorm(await artifactsOf(createNetwork(config, { seed: 3 })), 5);
    found.push({ name: `${name}, training form`, artifacts: training });
    found.push({ name: `${name}, fused form`, artifacts: fuse(training).artifacts });
  }
  // TensorFlow.js writes "geluNew" into its files, which it does not read.
  for (const activation of ACTIVATIONS.filter((name) => name !== "gelu_new")) {
    const layer = activation === "leaky_relu"
      ? tf.layers.leakyReLU({ alpha: 0.1 })
      : tf.layers.activation({ activation: activation === "hard_sigmoid" ? "hardSigmoid" : activation });
    found.push(await sequential(`activation ${activation}`, [layer]));
  }
  for (const [name, layers] of Object.entries(LAYERS)) found.push(await sequential(name, layers()));
  found.push(await wide());
  return found;
}

const SMALL = {
  inputSize: [13, 12, 3],
  classCount: 5,
  stem: { width: 8, stride: 2 },
  stages: [{ depth: 2, width: 8 }, { depth: 1, width: 12 }],
};

const BLOCKS: Record<string, Record<string, unknown>> = {
  repvgg: { block: "repvgg" },
  "repvgg, explicit padding": { block: "repvgg", padding: "explicit" },
  "repvgg with squeeze-and-excitation": { block: "repvgg", squeezeExcite: true, activation: "swish" },
  "repvgg, 4 groups": { block: "repvgg", groups: 4, groupsEvery: 1 },
  mobileone: { block: "mobileone", activation: "gelu" },
  fastvit: { block: "fastvit" },
  dbb: { block: "dbb", activation: "relu6" },
  acnet: { block: "acnet", activation: "mish" },
};

const LAYERS: Record<string, () => tf.layers.Layer[]> = {
  "transposed convolutions": () => [
    tf.layers.conv2dTranspose({
      filters: 5,
      kernelSize: [3, 2],
      strides: 2,
      padding: "same",
      activation: "relu",
    }),
    tf.layers.conv2dTranspose({ filters: 4, kernelSize: [1, 4], strides: [2, 3], useBias: false }),
  ],
  "max pooling, same": () => [tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" })],
  "average pooling, same":
    () => [tf.layers.averagePooling2d({ poolSize: [2, 3], strides: [2, 1], padding: "same" })],
  "average pooling, valid": () => [tf.layers.averagePooling2d({ poolSize: 2 })],
  "global max pooling":
    () => [tf.layers.globalMaxPooling2d({}), tf.layers.reshape({ targetShape: [1, 1, 20] })],
  "zero padding": () => [tf.layers.zeroPadding2d({ padding: [[1, 2], [0, 3]] })],
  "dilated convolution": () => [
    tf.layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: "same", activation: "tanh" }),
  ],
  "depthwise convolution with a multiplier": () => [
    tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same", activation: "relu" }),
  ],
  "depthwise convolution, odd channels": () => [
    tf.layers.conv2d({ filters: 7, kernelSize: [1, 3] }),
    tf.layers.depthwiseConv2d({ kernelSize: [3, 5], strides: 2, padding: "same", useBias: false }),
  ],
  "grouped convolution": () => [
    new GroupedConv2D({ filters: 10, kernelSize: [3, 3], groups: 5, padding: "same", activation: "elu" }),
  ],
  "no bias, no scale, no center": () => [
    tf.layers.conv2d({ filters: 4, kernelSize: 2, strides: [1, 2], useBias: false }),
    tf.layers.batchNormalization({ scale: false, center: false, epsilon: 0.1 }),
    tf.layers.dropout({ rate: 0.5 }),
  ],
};

/** The layers on images of 20 channels, with a classifier behind them that ends in a softmax. */
async function sequential(name: string, layers: tf.layers.Layer[]): Promise<Specimen> {
  const model = tf.sequential();
  model.add(tf.layers.inputLayer({ inputShape: [7, 6, 3] }));
  model.add(tf.layers.conv2d({ filters: 20, kernelSize: 1 }));
  for (const layer of layers) model.add(layer);
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 3, activation: "softmax" }));
  return { name, artifacts: randomizeBatchNorm(await artifactsOf(model), 7) };
}

/** Enough channels and pixels for Winograd's filtering, a shortcut that outlives several steps, and a concatenation. */
async function wide(): Promise<Specimen> {
  const input = tf.input({ shape: [16, 15, 3] });
  const stem = tf.layers.conv2d({ filters: 20, kernelSize: 3, padding: "same" }).apply(
    input,
  ) as tf.SymbolicTensor;
  const conv = (x: tf.SymbolicTensor) =>
    tf.layers.conv2d({ filters: 20, kernelSize: 3, padding: "same", activation: "relu" }).apply(
      x,
    ) as tf.SymbolicTensor;
  const sum = tf.layers.add().apply([conv(conv(stem)), stem]) as tf.SymbolicTensor;
  const joined = tf.layers.concatenate().apply([sum, stem, conv(stem)]) as tf.SymbolicTensor;
  const pooled = tf.layers.globalAveragePooling2d({}).apply(joined) as tf.SymbolicTensor;
  const output = tf.layers.dense({ units: 4 }).apply(pooled) as tf.SymbolicTensor;
  return { name: "shortcuts", artifacts: await artifactsOf(tf.model({ inputs: input, outputs: output })) };
}
