/**
 * What `deno task export` prints.
 *
 * @module
 */
import type { ExportResult } from "../deploy/export_model.ts";
import { formatBytes } from "../text/quantities.ts";
import { renderQuantization } from "./quantization_table.ts";
import { renderTable } from "../text/table.ts";

/** The files, and the proof in one line. */
export function renderExport({ output, manifest, quantization }: ExportResult): string {
  const { format, form, precision, files, proof } = manifest;
  const table = renderTable(
    ["file", "size", { title: "SHA-256", maximumWidth: 12 }],
    files.map(({ path, bytes, sha256 }) => [path, formatBytes(bytes), sha256]),
  );
  const heading = `${format}, ${form === "unknown" ? "" : `${form} form, `}${precision}`;
  const cost = quantization === undefined ? "" : `\n\n${renderQuantization(quantization, manifest.network)}`;
  return `${heading}\n${table}${renderProof(proof)}${cost}\nWritten: ${output}/`;
}

function renderProof(proof: ExportResult["manifest"]["proof"]): string {
  if (proof === undefined) return "";
  return `proof: read back and run on ${proof.images} images, logits differ by at most ` +
    `${proof.maxRelativeDifference.toExponential(1)} of their scale (allowed: ${
      proof.tolerance.toExponential(0)
    }),\n` +
    `       ${proof.changedPredictions} predictions changed`;
}
