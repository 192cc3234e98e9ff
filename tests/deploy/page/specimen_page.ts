/** Pages of untrained networks, written to a folder of their own. */
import * as tf from "@tensorflow/tfjs";
import type { ModelSource } from "../../../src/deploy/model_source.ts";
import { webFormat } from "../../../src/deploy/web_format.ts";
import { fuse } from "../../../src/formats/tfjs/fuse.ts";
import { randomizeBatchNorm } from "../../fuse/randomize_batch_norm.ts";
import { defaultNormalization } from "../../../src/data/normalization.ts";
import { createNetwork } from "../../../src/model/network.ts";
import { presetConfig } from "../../../src/model/presets.ts";
import { artifactsOf } from "../../../src/model/artifacts.ts";

/** A written page and what it was made from. */
export interface SpecimenPage {
  readonly folder: string;
  readonly source: ModelSource;
}

/** Writes the page, hands it over, and removes it. */
export async function inPage(
  singleFile: boolean,
  work: (page: SpecimenPage) => Promise<void>,
  makeSource: (root: string) => Promise<ModelSource> = toySource,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "repfuse-page-" });
  try {
    const source = await makeSource(root);
    const folder = `${root}/page`;
    await Deno.mkdir(folder);
    await webFormat(singleFile).write(folder, { source, artifacts: source.artifacts, precision: "float32" });
    await work({ folder, source });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** A run of the toy network, fused. */
async function toySource(root: string): Promise<ModelSource> {
  const config = presetConfig("tiny");
  const training = randomizeBatchNorm(await artifactsOf(createNetwork(config, { seed: 1 })), 2);
  return {
    name: "2026-01-01T00-00-00-toy",
    path: `${root}/2026-01-01T00-00-00-toy/fused`,
    home: root,
    readFrom: [],
    trainingForm: training,
    form: "fused",
    artifacts: fuse(training).artifacts,
    sha256: "",
    card: {
      classNames: Array.from({ length: 10 }, (_, i) => `<class> & ${i}`),
      inputSize: config.inputSize,
      normalization: defaultNormalization(3),
      givesProbabilities: false,
    },
  };
}

/** Somebody else's network: no run, one form, grey images that are not square, a softmax at the end. */
export async function greySource(): Promise<ModelSource> {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [20, 28, 1], filters: 8, kernelSize: 3, strides: 2, activation: "elu" }),
      tf.layers.depthwiseConv2d({ kernelSize: 3, padding: "same", activation: "relu6" }),
      tf.layers.batchNormalization({}),
      tf.layers.globalMaxPooling2d({}),
      tf.layers.dense({ units: 3, activation: "softmax" }),
    ],
  });
  return {
    name: "grey",
    path: "models/grey",
    home: "models/grey",
    readFrom: [],
    form: "unknown",
    artifacts: await artifactsOf(model),
    sha256: "",
    card: {
      classNames: ["a", "b", "c"],
      inputSize: [20, 28, 1],
      normalization: { mean: [0], scale: [255] },
      givesProbabilities: true,
    },
  };
}
