import type * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { renderQuantization } from "../../src/cli/quantization_table.ts";
import { withPrecision } from "../../src/formats/tfjs/precision.ts";
import { quantizedKernels } from "../../src/deploy/quantization.ts";
import { culprits, measureQuantization } from "../../src/deploy/quantization_loss.ts";
import { readWeights, weightNamed } from "../../src/formats/tfjs/weights.ts";
import { openArtifacts } from "../../src/classify/tfjs.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { tinyDataset } from "../train/tiny.ts";
import { largestIndex } from "../../src/graph/class_scores.ts";
import { SILENT, tinySource } from "./tiny_source.ts";

await startBackend();

/** Times which the weights of one output channel are multiplied. */
const OUTLIER = 1e4;

/**
 * The same function with one channel of a convolution ten thousand times as large, and the next layer's weights for it as
 * much smaller: ReLU is homogeneous. One scale for the whole kernel leaves the other channels without codes.
 */
function withOutlier(artifacts: tf.io.ModelArtifacts, from: string, to: string): tf.io.ModelArtifacts {
  const store = readWeights(artifacts);
  const weightData = new Uint8Array(
    [...store.values()].flatMap((weight) => [...weight.bytes()]),
  ).buffer;
  const scaled = readWeights({ ...artifacts, weightData });
  const [, , , filters] = weightNamed(store, `${from}/kernel`).shape as [number, number, number, number];
  weightNamed(scaled, `${from}/kernel`).read().forEach((value, i, kernel) => {
    if (i % filters === 0) kernel[i] = OUTLIER * value;
  });
  weightNamed(scaled, `${from}/bias`).read()[0]! *= OUTLIER;
  const [, , inputs, outputs] = weightNamed(store, `${to}/kernel`).shape as [number, number, number, number];
  weightNamed(scaled, `${to}/kernel`).read().forEach((value, i, kernel) => {
    if (Math.floor(i / outputs) % inputs === 0) kernel[i] = value / OUTLIER;
  });
  return { ...artifacts, weightData };
}

const FIRST = "stage0/block1/reparam";
const SECOND = "stage1/block1/reparam";

Deno.test("quantizedKernels() gives the range of every output channel", () => {
  const weightData = Float32Array.of(-1, 10, 3, 20, 2, 30);
  const artifacts: tf.io.ModelArtifacts = {
    modelTopology: { class_name: "Model", config: { layers: [] } },
    weightSpecs: [{ name: "dense/kernel", shape: [3, 2], dtype: "float32" }],
    weightData: weightData.buffer,
  };
  const [kernel] = quantizedKernels(artifacts, withPrecision(artifacts, "uint8"));
  assert.deepEqual(kernel!.channels, [[-1, 3], [10, 30]]);
  const step = 31 / 255;
  assert.equal(kernel!.codes!.narrowest, 4 / step);
  assert(kernel!.relativeError > 0 && kernel!.relativeError < 0.01);
});

Deno.test("quantizedKernels() counts a depthwise kernel's channels", async () => {
  const model = createNetwork(
    parseNetworkConfig({
      block: "mobileone",
      inputSize: [8, 8, 3],
      classCount: 3,
      stem: { width: 4 },
      stages: [{ depth: 1, width: 4 }],
    }),
    { seed: 1 },
  );
  const artifacts = await artifactsOf(model);
  model.dispose();
  const kernels = quantizedKernels(artifacts, withPrecision(artifacts, "uint8"));
  const depthwise = kernels.filter(({ name }) => name.endsWith("/depthwise_kernel"));
  assert(depthwise.length > 0);
  for (const { name, channels } of depthwise) assert.equal(channels.length, 4, name);
});

Deno.test("measureQuantization() finds the kernel that loses the accuracy, and the table says what helps", async () => {
  const { artifacts, card, network } = await tinySource("fused");
  const original = withOutlier(artifacts, FIRST, SECOND);
  // The network's own answers are the truth, so that in float32 it is right everywhere.
  const classifier = await openArtifacts(artifacts, card, "truth");
  const dataset = tinyDataset();
  const logits = await classifier.classify(dataset.test.images);
  const labels = Uint8Array.from(
    { length: dataset.test.count },
    (_, i) => largestIndex(logits.subarray(10 * i, 10 * i + 10)),
  );
  await classifier.dispose();
  const report = await measureQuantization({
    original,
    quantized: withPrecision(original, "uint8"),
    precision: "uint8",
    card,
    dataset: { ...dataset, test: { ...dataset.test, labels } },
    progress: SILENT,
  });
  assert.equal(report.accuracy!.float32, 1);
  assert(report.accuracy!.quantized < 0.9, String(report.accuracy!.quantized));
  assert.equal(report.accuracy!.changedPredictions, Math.round(20 * (1 - report.accuracy!.quantized)));
  assert.equal(culprits(report)[0]!.name, `${FIRST}/kernel`);
  assert(culprits(report)[0]!.codes!.narrowest < 1);
  const text = renderQuantization(report, network);
  assert.match(text, /of the accuracy is lost, most of it by stage0\/block1\/reparam/);
  assert.match(text, /repfuse train --block qarepvgg/);
});

Deno.test("measureQuantization() says nothing of accuracy without test images", async () => {
  const { artifacts, card } = await tinySource("fused");
  const quantized = withPrecision(artifacts, "uint16");
  const report = await measureQuantization({
    original: artifacts,
    quantized,
    precision: "uint16",
    card,
    progress: SILENT,
  });
  assert.equal(report.accuracy, undefined);
  assert(report.bytes.quantized < 0.6 * report.bytes.float32);
  assert.match(renderQuantization(report), /accuracy: not measured/);
});
