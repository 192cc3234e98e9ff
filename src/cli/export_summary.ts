/**
 * What `repfuse export` prints.
 *
 * @module
 */
import type { exportNetwork } from "../run/export_network.ts";
import type { ExportResult } from "../run/export_run.ts";
import { formatBytes, formatCount, formatDifference } from "../text/quantities.ts";
import { renderQuantization } from "./quantization_table.ts";
import { renderTable } from "../text/table.ts";

/** The files, and the proof in one line. */
export function renderExport({ output, manifest, quantization }: ExportResult, width?: number): string {
  const { format, form, precision, files, proof } = manifest;
  const table = fileTable(files, width);
  const heading = `${format}, ${form === "unknown" ? "" : `${form} form, `}${precision}`;
  const cost = quantization === undefined
    ? ""
    : `\n\n${renderQuantization(quantization, manifest.network, width)}`;
  return `${heading}\n${table}${renderProof(proof)}${cost}\nWritten: ${output}/`;
}

/** The same of a network that is no classifier. */
export function renderNetworkExport(
  { output, record }: Awaited<ReturnType<typeof exportNetwork>>,
  width?: number,
): string {
  const { format, precision, files, proof: { inputs, maxRelativeDifference, tolerance } } = record;
  return `${format}, ${precision}; no classifier: the network alone\n${fileTable(files, width)}` +
    `proof: read back and run on ${formatCount(inputs, "input")}, outputs differ by at most ` +
    `${formatDifference(maxRelativeDifference)} of their scale (allowed: ${
      formatDifference(tolerance, 0)
    })\n` +
    `Written: ${output}/`;
}

function fileTable(files: ExportResult["manifest"]["files"], width: number | undefined): string {
  return renderTable(
    ["file", "size", { title: "SHA-256", maximumWidth: 12 }],
    files.map(({ path, bytes, sha256 }) => [path, formatBytes(bytes), sha256]),
    { width },
  );
}

function renderProof(proof: ExportResult["manifest"]["proof"]): string {
  if (proof === undefined) return "";
  return `proof: read back and run on ${formatCount(proof.images, "image")}, logits differ by at most ` +
    `${formatDifference(proof.maxRelativeDifference)} of their scale (allowed: ${
      formatDifference(proof.tolerance, 0)
    }),\n` +
    `       ${formatCount(proof.changedPredictions, "prediction")} changed`;
}
