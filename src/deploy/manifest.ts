/**
 * `manifest.json`, which lies beside every exported and every imported model: what is needed to feed the network, where it
 * comes from, what its files hash to, and how far it was measured to be from its source.
 *
 * @module
 */
import type { ModelCard } from "../classify/classifier.ts";
import { readdir } from "node:fs/promises";
import { z } from "zod";
import { InputError } from "../errors.ts";
import type { OutputKind } from "../files/output_folder.ts";
import { hashSource, openFileSource } from "../files/byte_source.ts";
import { readJson } from "../files/read.ts";
import { parseNetworkConfig } from "../model/config.ts";
import { parseConfig } from "../text/parse_config.ts";
import { PRECISIONS } from "../formats/tfjs/precision.ts";

/** The name of the file. */
export const MANIFEST_FILE = "manifest.json";

const perChannel = z.array(z.number()).min(1);

const manifestSchema = z.strictObject({
  /** Which of the registered formats: "tfjs", "onnx", ... */
  format: z.string(),
  /** "training" (multi-branch) or "fused"; "unknown" for somebody else's model. */
  form: z.enum(["training", "fused", "unknown"]),
  /** How kernels are stored. */
  precision: z.enum(PRECISIONS),
  /** What was exported or imported. */
  source: z.strictObject({ path: z.string(), sha256: z.string() }),
  classNames: z.array(z.string()).min(1),
  /** Height, width, channels. */
  inputSize: z.tuple([z.int().min(1), z.int().min(1), z.int().min(1)]),
  /** y = (x − mean) / scale for bytes x, per channel; images are NHWC. */
  normalization: z.strictObject({ mean: perChannel, scale: perChannel }),
  /** Whether the outputs are probabilities, and not logits. Early manifests do not say it. */
  givesProbabilities: z.boolean().optional(),
  /** The architecture, where it is one of ours. */
  network: z.unknown().optional().transform((value) =>
    value === undefined ? undefined : parseNetworkConfig(value, "network of the manifest")
  ),
  /** The data set that the network was trained on. */
  data: z.strictObject({
    source: z.string(),
    imageSize: z.int().optional(),
    checksum: z.string(),
  }).optional(),
  /** What was measured when the files were read back and run against the source. */
  proof: z.strictObject({
    images: z.int(),
    /** max |a − b| / max |a| over all logits, `a` the source with its weights in this precision. */
    maxRelativeDifference: z.number(),
    tolerance: z.number(),
    changedPredictions: z.int(),
  }).optional(),
  /** What the precision costs on the test set; nothing for float32, and where there is no test set. */
  quantization: z.strictObject({
    images: z.int(),
    /** Share of the images classified right. */
    float32: z.number(),
    quantized: z.number(),
    changedPredictions: z.int(),
  }).optional(),
  /** Every other file of the folder. */
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int(), sha256: z.string() })),
}).refine(
  ({ inputSize: [, , channels], normalization: { mean, scale } }) =>
    mean.length === channels && scale.length === channels,
  { path: ["normalization"], error: "expected one mean and one scale per channel" },
);

/** The content of `manifest.json`. */
export type Manifest = z.output<typeof manifestSchema> & { readonly givesProbabilities: boolean };

/**
 * Reads a manifest.
 *
 * @param path The file.
 * @throws {InputError} when it is missing or not one of ours, or so early that it does not say what the outputs are.
 */
export async function readManifest(path: string): Promise<Manifest> {
  const manifest = parseConfig(manifestSchema, await readJson(path, "a manifest"), `manifest ${path}`);
  const { givesProbabilities } = manifest;
  if (givesProbabilities !== undefined) return { ...manifest, givesProbabilities };
  throw new InputError(
    `The manifest ${path} was written by an early version: it does not say whether the network's outputs are ` +
      "probabilities or logits (givesProbabilities).",
    `Write it again by repfuse export or import, to the same folder; or add the key "givesProbabilities": true where ` +
      "the network ends in a softmax, else false.",
  );
}

/** A folder with a manifest: it holds the files that the manifest lists, and what `evaluate` may have added. */
export const EXPORT_FOLDER: OutputKind = {
  what: "an export",
  marker: MANIFEST_FILE,
  recognize(content) {
    const manifest = manifestSchema.safeParse(content);
    if (!manifest.success) return undefined;
    const listed = new Set([MANIFEST_FILE, ...manifest.data.files.map(({ path }) => path)]);
    return (path) => listed.has(path) || /^evaluation\/([\w-]+\/)?[\w-]+\.(json|svg|png|html)$/.test(path);
  },
};

/** What a manifest keeps of a card. */
export function describeCard(
  { classNames, inputSize, normalization, givesProbabilities }: ModelCard,
): Pick<Manifest, keyof ModelCard> {
  return {
    classNames: [...classNames],
    inputSize: [...inputSize],
    normalization: { mean: [...normalization.mean], scale: [...normalization.scale] },
    givesProbabilities,
  };
}

/** Size and hash of every file below a folder, sorted by path; the manifest itself is left out. */
export async function describeFiles(folder: string): Promise<Manifest["files"]> {
  const files: Manifest["files"] = [];
  for (const path of await filesBelow(folder, "")) {
    if (path === MANIFEST_FILE) continue;
    const file = await openFileSource(`${folder}/${path}`, "an exported file");
    files.push({ path, bytes: file.length, sha256: hashSource(file) });
    file.close();
  }
  return files;
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(`${folder}/${prefix}`, { withFileTypes: true })) {
    const { name } = entry;
    if (entry.isDirectory()) paths.push(...await filesBelow(folder, `${prefix}${name}/`));
    else paths.push(prefix + name);
  }
  return paths.sort();
}
