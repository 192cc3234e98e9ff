/**
 * What `repfuse export --quantize` says about its cost.
 *
 * @module
 */
import {
  culprits,
  type KernelLoss,
  NOTABLE_LOSS,
  type QuantizationReport,
} from "../deploy/quantization_loss.ts";
import type { NetworkConfig } from "../model/config.ts";
import { formatBytes, formatCount, formatShare } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";

/**
 * Accuracy, size and every kernel; where much is lost, who loses it and what helps.
 *
 * @param network The architecture, where it is known: it decides what helps.
 */
export function renderQuantization(
  report: QuantizationReport,
  network?: NetworkConfig,
  width?: number,
): string {
  const { precision, bytes, kernels } = report;
  const size = `weights: ${formatBytes(bytes.float32)} in float32, ${
    formatBytes(bytes.quantized)
  } in ${precision}`;
  return [
    renderAccuracy(report),
    size,
    "",
    renderKernels(kernels, width).trimEnd(),
    renderAdvice(report, network),
  ]
    .filter((line) => line !== undefined).join("\n");
}

function renderAccuracy({ accuracy, precision }: QuantizationReport): string {
  if (accuracy === undefined) return "accuracy: not measured, as the test images are not at hand";
  const { images, float32, quantized, changedPredictions } = accuracy;
  return `accuracy: ${formatShare(float32)} in float32, ${formatShare(quantized)} in ${precision}; ` +
    `${changedPredictions} of ${formatCount(images, "prediction")} changed`;
}

function renderKernels(kernels: readonly KernelLoss[], width?: number): string {
  const isTried = kernels.some(({ accuracyLost }) => accuracyLost !== undefined);
  return renderTable(
    [
      { title: "layer", maximumWidth: 44 },
      { title: "narrowest channel", dispensable: 1 },
      { title: "widest channel", dispensable: 2 },
      "codes of the narrowest",
      { title: "of the median", dispensable: 3 },
      "error",
      ...(isTried ? ["lost alone"] : []),
    ],
    kernels.map(({ name, channels, codes, relativeError, accuracyLost }) => {
      const spans = channels.map(([least, largest]) => largest - least);
      return [
        layerOf(name),
        Math.min(...spans).toPrecision(3),
        Math.max(...spans).toPrecision(3),
        codes === null ? "-" : codes.narrowest.toPrecision(3),
        codes === null ? "-" : codes.median.toPrecision(3),
        formatShare(relativeError),
        ...(isTried ? [accuracyLost === undefined ? "-" : formatShare(accuracyLost)] : []),
      ];
    }),
    { width },
  );
}

/** "stage1/block1/reparam" of "stage1/block1/reparam/kernel". */
function layerOf(kernel: string): string {
  return kernel.slice(0, kernel.lastIndexOf("/"));
}

function renderAdvice(report: QuantizationReport, network: NetworkConfig | undefined): string | undefined {
  const { accuracy } = report;
  if (accuracy === undefined || accuracy.float32 - accuracy.quantized <= NOTABLE_LOSS) return undefined;
  const names = culprits(report).map(({ name }) => layerOf(name)).join(", ");
  const wayOut = network?.block === "repvgg" && !network.postAdditionBn
    ? "Train the quantization-friendly block, which has one BatchNorm after the addition:\n" +
      "repfuse train --block qarepvgg. Or export as uint16."
    : "Export as uint16.";
  return `\n${
    formatShare(accuracy.float32 - accuracy.quantized)
  } of the accuracy is lost, most of it by ${names}:\n` +
    `their output channels span different ranges and share one scale. ${wayOut}`;
}
