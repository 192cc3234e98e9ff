/**
 * An export from source to disk: written under a temporary name, read back, run against the source, described in a
 * manifest, and only then put in place. An export that fails its proof is never left behind.
 *
 * @module
 */
import type { Progress } from "../progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { GateError, InputError } from "../errors.ts";
import { checkOutputFolder, type OutputRequest, replaceFolder } from "../files/output_folder.ts";
import { writeJsonAtomically } from "../files/atomic_write.ts";
import { formatCount, formatDifference } from "../text/quantities.ts";
import type { Classifier } from "../classify/classifier.ts";
import { openArtifacts } from "../classify/tfjs.ts";
import type { ExportFormat } from "../deploy/export_format.ts";
import {
  describeCard,
  describeFiles,
  EXPORT_FOLDER,
  type Manifest,
  MANIFEST_FILE,
} from "../deploy/manifest.ts";
import { type Precision, withPrecision } from "../formats/tfjs/precision.ts";
import { measureQuantization, type QuantizationReport } from "../deploy/quantization_loss.ts";
import { compareClassifiers, type ExportProof, proofImages } from "../deploy/proof.ts";
import type { ModelSource } from "../deploy/model_source.ts";

/** What lies beside a quantized export. */
const QUANTIZATION_FILE = "quantization.json";

/** How to export. */
export interface ExportSettings {
  readonly format: ExportFormat;
  readonly precision: Precision;
  /** How far from the source the files may be, relative to the logits' scale; the format's own when not given. */
  readonly tolerance?: number | undefined;
  /** Where the files go; the default is {@link defaultOutput}. */
  readonly output?: string | undefined;
  /** Whose test images the proof is on, where they are at hand. */
  readonly dataset?: Dataset | undefined;
  readonly progress: Progress;
}

/** What was written. */
export interface ExportResult {
  /** The folder. */
  readonly output: string;
  readonly manifest: Manifest;
  /** What the precision costs; nothing for float32. */
  readonly quantization?: QuantizationReport;
}

/**
 * Refuses an export that cannot be done, before anything is loaded for it.
 *
 * @throws {InputError} when the format cannot hold the precision, or the output may not go where it is wanted.
 */
export async function checkExport(
  source: ModelSource,
  settings: Pick<ExportSettings, "format" | "precision" | "output">,
): Promise<void> {
  const { format, precision, output = defaultOutput(source, settings) } = settings;
  checkPrecision(format, precision);
  await checkOutputFolder(exportPlace(source, output));
}

/**
 * Exports a network.
 *
 * @param source From `readModelSource`.
 * @throws {InputError} when the format cannot hold the network or the precision.
 * @throws {GateError} when the written network does not compute what the source does; nothing is left.
 */
export async function exportModel(source: ModelSource, settings: ExportSettings): Promise<ExportResult> {
  const { format, precision, dataset, progress } = settings;
  const { output = defaultOutput(source, settings), tolerance = format.tolerance } = settings;
  await checkExport(source, { format, precision, output });
  const place = exportPlace(source, output);
  const artifacts = withPrecision(source.artifacts, precision);
  let result: ExportResult | undefined;
  await replaceFolder(place, async (folder) => {
    progress.log(`writing ${format.name}, ${precision}, of ${source.path}`);
    await format.write(folder, { source, artifacts, precision, dataset });
    const proof = await prove(folder, source, artifacts, { format, tolerance, dataset });
    const quantization = precision === "float32" ? undefined : await measureQuantization({
      original: withPrecision(source.artifacts, "float32"),
      quantized: artifacts,
      precision,
      card: source.card,
      dataset,
      progress,
    });
    if (quantization !== undefined) await writeJsonAtomically(`${folder}/${QUANTIZATION_FILE}`, quantization);
    const manifest = await describe(folder, source, settings, {
      proof,
      quantization: quantization?.accuracy,
    });
    await writeJsonAtomically(`${folder}/${MANIFEST_FILE}`, manifest);
    result = { output, manifest, ...(quantization === undefined ? {} : { quantization }) };
  });
  return result!;
}

/** `export/onnx`, `export/tfjs-training-uint8`: below the run, or beside a model of somebody else's. */
export function defaultOutput(
  { home, exportsTo = home, form }: ModelSource,
  { format, precision }: Pick<ExportSettings, "format" | "precision">,
): string {
  const words = [
    format.name,
    ...(form === "training" ? [form] : []),
    ...(precision === "float32" ? [] : [precision]),
  ];
  return `${exportsTo}/export/${words.join("-")}`;
}

/** Where an export goes, and what it must leave alone: what it is made from. */
function exportPlace({ readFrom, data }: ModelSource, output: string): OutputRequest {
  const inputs = data === undefined ? readFrom : [...readFrom, data.source];
  return { path: output, kind: EXPORT_FOLDER, inputs };
}

function checkPrecision({ name, precisions }: ExportFormat, precision: Precision): void {
  if (precisions.includes(precision)) return;
  throw new InputError(
    `The format ${name} cannot hold kernels as ${precision}: it takes ${precisions.join(", ")}.`,
    "Export with --format tfjs, which takes every precision, or leave --quantize out.",
  );
}

/** Runs the files against the source, rounded as they are. */
async function prove(
  folder: string,
  source: ModelSource,
  artifacts: ModelSource["artifacts"],
  { format, tolerance, dataset }: Pick<ExportSettings, "format" | "dataset"> & { tolerance: number },
): Promise<ExportProof> {
  const { card } = source;
  const opened: Classifier[] = [];
  try {
    const plain = withPrecision(artifacts, "float32");
    opened.push(await openArtifacts(plain, card, source.path), await format.open(folder, card));
    const [reference, exported] = opened;
    const images = proofImages(card, dataset);
    const proof = await compareClassifiers(reference!, exported!, images, card, tolerance);
    if (proof.maxRelativeDifference <= tolerance) return proof;
    throw new GateError(
      `The ${format.name} export does not compute what ${source.path} does: over ${
        formatCount(proof.images, "image")
      } its logits ` +
        `differ by up to ${formatDifference(proof.maxRelativeDifference)} of their scale (at most ` +
        `${tolerance} is allowed).`,
      "Nothing was written. This is a fault in RepFuse, unless the network itself magnifies float32's rounding: then " +
        "allow more with --tolerance.",
    );
  } finally {
    for (const classifier of opened) await classifier.dispose();
  }
}

async function describe(
  folder: string,
  source: ModelSource,
  { format, precision }: Pick<ExportSettings, "format" | "precision">,
  measured: Pick<Manifest, "proof" | "quantization">,
): Promise<Manifest> {
  return {
    format: format.name,
    form: source.form,
    precision,
    source: { path: source.path, sha256: source.sha256 },
    ...describeCard(source.card),
    network: source.network,
    data: source.data,
    ...measured,
    files: await describeFiles(folder),
  };
}
