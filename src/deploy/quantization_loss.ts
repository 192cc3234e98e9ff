/**
 * What a quantized export costs, measured: accuracy and predictions against float32 on the whole test set, and where more
 * than a hundredth of the accuracy is lost, how much of it each kernel loses when it alone is quantized.
 *
 * Who prints the loss does not load TensorFlow.js for that: it is imported where it is used.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Progress } from "../progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { predictedClasses } from "../classify/scores.ts";
import { storedBytes } from "../formats/tfjs/stored_weight.ts";
import { classifyAll, imageCount, type ModelCard } from "../classify/classifier.ts";
import { type Precision, withPrecision } from "../formats/tfjs/precision.ts";
import { type QuantizedKernel, quantizedKernels } from "./quantization.ts";

/** Share of the test images beyond which the culprits are looked for and a way out is named. */
export const NOTABLE_LOSS = 0.01;

/** Test images on which each kernel is tried alone. */
const TRIAL_IMAGES = 500;

/** Accuracy of both networks. */
export interface AccuracyLoss {
  /** Test images. */
  readonly images: number;
  /** Share right in float32, and quantized. */
  readonly float32: number;
  readonly quantized: number;
  readonly changedPredictions: number;
}

/** A kernel, and what it costs alone. */
export interface KernelLoss extends QuantizedKernel {
  /** Share of the test images that are lost when only this kernel is quantized; measured where the whole loss is notable. */
  readonly accuracyLost?: number;
}

/** The content of `quantization.json`. */
export interface QuantizationReport {
  readonly precision: Precision;
  /** Bytes of all weights. */
  readonly bytes: { readonly float32: number; readonly quantized: number };
  /** Nothing where there is no test set. */
  readonly accuracy?: AccuracyLoss;
  readonly kernels: readonly KernelLoss[];
}

/** What {@link measureQuantization} needs. */
export interface QuantizationRequest {
  /** With float32 weights. */
  readonly original: io.ModelArtifacts;
  /** The same from `withPrecision`. */
  readonly quantized: io.ModelArtifacts;
  readonly precision: Precision;
  readonly card: ModelCard;
  readonly dataset?: Dataset | undefined;
  readonly progress: Progress;
}

/** Measures what quantization costs. */
export async function measureQuantization(request: QuantizationRequest): Promise<QuantizationReport> {
  const { original, quantized, precision, dataset } = request;
  const kernels = quantizedKernels(original, quantized);
  const bytes = { float32: bytesOf(original), quantized: bytesOf(quantized) };
  if (dataset === undefined) return { precision, bytes, kernels };
  const accuracy = await measureAccuracy(request, dataset);
  const isNotable = accuracy.float32 - accuracy.quantized > NOTABLE_LOSS;
  return {
    precision,
    bytes,
    accuracy,
    kernels: isNotable ? await tryEachAlone(request, dataset, kernels) : kernels,
  };
}

/** The kernels that lose most alone, worst first: those that lose at least half of what the worst one does. */
export function culprits({ kernels }: QuantizationReport): KernelLoss[] {
  const measured = kernels
    .filter(({ accuracyLost }) => accuracyLost !== undefined)
    .sort((a, b) => b.accuracyLost! - a.accuracyLost!);
  return measured.filter(({ accuracyLost }) => accuracyLost! >= measured[0]!.accuracyLost! / 2);
}

async function measureAccuracy(request: QuantizationRequest, dataset: Dataset): Promise<AccuracyLoss> {
  const { images, labels, count } = dataset.test;
  const expected = await predictionsOf(request.original, request.card, images);
  const found = await predictionsOf(withPrecision(request.quantized, "float32"), request.card, images);
  return {
    images: count,
    float32: shareRight(expected, labels),
    quantized: shareRight(found, labels),
    changedPredictions: expected.filter((prediction, i) => prediction !== found[i]).length,
  };
}

async function tryEachAlone(
  { original, precision, card, progress }: QuantizationRequest,
  { test }: Dataset,
  kernels: readonly QuantizedKernel[],
): Promise<KernelLoss[]> {
  const count = Math.min(TRIAL_IMAGES, test.count);
  const images = test.images.subarray(0, count * (test.images.length / test.count));
  const labels = test.labels.subarray(0, count);
  const before = shareRight(await predictionsOf(original, card, images), labels);
  const tried: KernelLoss[] = [];
  for (const kernel of kernels) {
    progress.update("quantization", `${kernel.name} alone`);
    const alone = withPrecision(original, precision, (name) => name === kernel.name);
    const after = shareRight(await predictionsOf(withPrecision(alone, "float32"), card, images), labels);
    tried.push({ ...kernel, accuracyLost: before - after });
  }
  return tried;
}

async function predictionsOf(
  artifacts: io.ModelArtifacts,
  card: ModelCard,
  images: Uint8Array,
): Promise<number[]> {
  const { openArtifacts } = await import("../classify/tfjs.ts");
  const classifier = await openArtifacts(artifacts, card, "the network");
  try {
    const logits = await classifyAll(classifier, images, card);
    return predictedClasses(logits, imageCount(images, card), card);
  } finally {
    await classifier.dispose();
  }
}

function shareRight(predictions: readonly number[], labels: ArrayLike<number>): number {
  return predictions.filter((prediction, i) => prediction === labels[i]).length / predictions.length;
}

function bytesOf({ weightSpecs = [] }: io.ModelArtifacts): number {
  return weightSpecs.reduce((sum, spec) => sum + storedBytes(spec), 0);
}
