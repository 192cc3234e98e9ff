/** A network with random statistics as a source of exports, and images for it, without a disk. */
import type { ModelSource } from "../../src/deploy/model_source.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { defaultNormalization } from "../../src/data/normalization.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { type NetworkConfig, parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { randomizeWeights } from "../model/weights.ts";
import { tinyDataset } from "../train/tiny.ts";

/** Padded as PyTorch pads, so that every format takes it. */
export const EXPLICIT_NETWORK = parseNetworkConfig({
  block: "repvgg",
  inputSize: [32, 32, 3],
  classCount: 10,
  padding: "explicit",
  stem: { width: 8, stride: 4 },
  stages: [{ depth: 2, width: 16, stride: 2 }],
});

/** What a format gets of a network in one form. */
export async function tinySource(
  form: "training" | "fused" = "fused",
  network: NetworkConfig = EXPLICIT_NETWORK,
): Promise<ModelSource> {
  const model = randomizeWeights(createNetwork(network, { seed: 1 }));
  const training = await artifactsOf(model);
  model.dispose();
  return {
    name: form,
    path: `tiny/${form}`,
    home: `tiny/${form}`,
    readFrom: [],
    form,
    artifacts: form === "fused" ? fuse(training).artifacts : training,
    sha256: "0".repeat(64),
    card: {
      classNames: tinyDataset().classNames,
      inputSize: network.inputSize,
      normalization: defaultNormalization(network.inputSize[2]),
      givesProbabilities: false,
    },
    network,
  };
}

/** Progress that nobody sees. */
export const SILENT = { update: () => {}, log: () => {} };
