/**
 * PyTorch weights on disk into a LayersModel on disk, with the manifest that `export`, `evaluate` and `predict` read. One
 * weight at a time is in memory, and no kernel runs.
 *
 * @module
 */
import type { Progress } from "../progress.ts";
import type { ExportResult } from "./export_run.ts";
import {
  describeCard,
  describeFiles,
  EXPORT_FOLDER,
  type Manifest,
  MANIFEST_FILE,
} from "../deploy/manifest.ts";
import { TFJS_FORMAT } from "../deploy/tfjs_format.ts";
import { writeJsonAtomically } from "../files/atomic_write.ts";
import { type ByteSource, hashSource, openFileSource } from "../files/byte_source.ts";
import { replaceFolder } from "../files/output_folder.ts";
import type { CardAnswers } from "../classify/card_answers.ts";
import { guessCard } from "../classify/guessed_card.ts";
import { type Graph, sizeOf, type WeightRef, weightsOf } from "../graph/graph.ts";
import { type Checkpoint, formatOfName, readCheckpoint } from "../formats/checkpoint.ts";
import { saveGraph } from "../formats/tfjs/layers_model.ts";
import { findTorchNetwork, type FoundNetwork } from "../model/torch/find_network.ts";
import { ARCHITECTURE_KEY, type ImportedNetwork, importTorchNetwork } from "../model/torch/network.ts";

/** What the weights do not tell. Images are 224x224, or as the file's architecture says, when not given. */
export interface ImportSettings extends CardAnswers {
  /** Only tensors whose names begin so are taken, without it: "module."; found when not given. */
  readonly prefix?: string | undefined;
  /** Stride of the first block; 2, or what the file's architecture says, when not given. */
  readonly stemStride?: number | undefined;
  /** Stride of the first block of each stage; 2, or what the file's architecture says, when not given. */
  readonly strides?: readonly number[] | undefined;
  /** Pixels from tap to tap of each stage's kernels; 1, or what the file's architecture says, when not given. */
  readonly dilations?: readonly number[] | undefined;
  /** The folder that is made. */
  readonly output: string;
  readonly progress: Progress;
}

/** What was imported. */
export interface ImportResult extends ExportResult {
  /** What was found in the file. */
  readonly network: Omit<ImportedNetwork, "graph">;
  /** What of the file was taken, and what other networks it holds. */
  readonly taken: Omit<FoundNetwork, "state"> & Pick<Checkpoint, "format">;
  /** Numbers that training changes, as PyTorch counts: running statistics are not among them. */
  readonly parameters: number;
  /** What neither the file nor the settings told: one sentence each, with the flag that tells. */
  readonly assumed: readonly string[];
}

const FORMAT_WORDS = { safetensors: "a safetensors file", torch: "a PyTorch checkpoint" } as const;

/**
 * Imports a network.
 *
 * @param path A PyTorch checkpoint or a safetensors file.
 * @throws {InputError} when the file is damaged, its names are of no known network, or tensors are missing, surplus or
 *   misshapen: all of them in one message; and when labels or normalization do not fit the network.
 */
export async function importWeights(path: string, settings: ImportSettings): Promise<ImportResult> {
  const { output, progress } = settings;
  const file = await openFileSource(path, "a PyTorch checkpoint or a safetensors file");
  try {
    const { graph, found } = readNetwork(file, path, settings);
    const { config, form } = found.network;
    // PyTorch's networks end in logits: their losses take the softmax.
    const { card, assumed } = guessCard(graph, path, settings, { givesProbabilities: false });
    const about: Omit<Manifest, "files"> = {
      format: TFJS_FORMAT.name,
      form: form === "deploy" ? "fused" : "training",
      precision: "float32",
      source: { path, sha256: hashSource(file) },
      ...describeCard(card),
      network: config,
    };
    let manifest: Manifest | undefined;
    await replaceFolder({ path: output, kind: EXPORT_FOLDER, inputs: [path] }, async (folder) => {
      progress.log(`writing ${about.format}, ${about.precision}, of ${path}`);
      await saveGraph(folder, graph);
      manifest = { ...about, files: await describeFiles(folder) };
      await writeJsonAtomically(`${folder}/${MANIFEST_FILE}`, manifest);
    });
    return { output, manifest: manifest!, ...found, assumed: [...found.assumed, ...assumed] };
  } finally {
    file.close();
  }
}

/** What {@link importWeights} finds in a file. Its weights are read when they are asked for. */
function readNetwork(
  file: ByteSource,
  path: string,
  settings: ImportSettings,
): { graph: Graph; found: Omit<ImportResult, keyof ExportResult> } {
  const { imageSize, stemStride, strides, dilations, progress } = settings;
  const { tensors, metadata, format } = readCheckpoint(file, path);
  const named = formatOfName(path);
  if (named !== undefined && named !== format) {
    progress.log(`${path} is ${FORMAT_WORDS[format]}, whatever its name says`);
  }
  const { state, prefix, others } = findTorchNetwork(tensors, settings.prefix, path);
  const { graph, ...network } = importTorchNetwork({ tensors: state, metadata }, {
    source: path,
    stemStride,
    strides,
    dilations,
    ...(imageSize === undefined ? {} : { imageSize: [imageSize, imageSize] }),
  });
  return {
    graph,
    found: {
      network,
      taken: { format, prefix, others },
      parameters: countParameters(graph),
      assumed: assumptions(graph, network.config, metadata, settings),
    },
  };
}

/** Of all weights but running statistics. */
function countParameters({ operations }: Graph): number {
  return operations.reduce((sum, operation) => {
    const statistics: readonly WeightRef[] = operation.op === "batchNorm"
      ? [operation.mean, operation.variance]
      : [];
    const trained = weightsOf(operation).filter((ref) => !statistics.includes(ref));
    const scales = operation.op === "scale" && operation.factors.length > 1 ? operation.factors.length : 0;
    return sum + scales + trained.reduce((count, { shape }) => count + sizeOf(shape), 0);
  }, 0);
}

/** What of the network itself neither the file nor the settings tell. */
function assumptions(
  { inputs, values }: Graph,
  config: ImportedNetwork["config"],
  metadata: Checkpoint["metadata"],
  { imageSize, stemStride, strides, dilations }: ImportSettings,
): string[] {
  const isStated = ARCHITECTURE_KEY in metadata;
  const [, height, width] = values[inputs[0]!.value]!.shape!;
  const rows: [isKnown: boolean, what: string][] = [
    [isStated || imageSize !== undefined, `images of ${height}x${width} (--image-size)`],
    ...config === undefined ? [] : [
      [isStated || stemStride !== undefined, `stride ${config.stem.stride} in the stem (--stem-stride)`],
      [
        isStated || strides !== undefined,
        `strides ${config.stages.map(({ stride }) => stride).join(",")} of the stages (--strides)`,
      ],
      [isStated || dilations !== undefined, "no dilation (--dilations)"],
    ] satisfies typeof rows,
  ];
  return rows.flatMap(([isKnown, what]) => isKnown ? [] : [what]);
}
