/**
 * From a PyTorch state dict to a network, in one call.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import type { SafetensorsContent } from "../../formats/safetensors/write.ts";
import { type NetworkConfig, parseNetworkConfig } from "../config.ts";
import type { Graph } from "../../graph/graph.ts";
import { networkGraph } from "../graph_network.ts";
import {
  dialectOf,
  formOf,
  inferNetwork,
  type InferredNetwork,
  setDilations,
  setStrides,
} from "./infer_config.ts";
import { torchWeights } from "./read_weights.ts";
import { networkModules } from "./modules.ts";
import { readFastVit } from "./fastvit.ts";
import { moduleOfPath } from "./module_reader.ts";
import { readRepVit } from "./repvit.ts";

/** Where a file that this project wrote keeps its network's configuration, in the safetensors metadata. */
export const ARCHITECTURE_KEY = "architecture";

/** Height and width of ImageNet crops, which the papers' networks are for. */
const IMAGENET_SIZE = [224, 224] as const;

/** A network that was trained elsewhere. */
export interface ImportedNetwork extends Pick<InferredNetwork, "dialect" | "form"> {
  /** What it is called: "repvgg", "repvit", "fastvit". */
  readonly kind: string;
  /** Nothing for one that can be read, and not be made anew. */
  readonly config?: NetworkConfig;
  /** The network. Its weights are read from the content when they are asked for. */
  readonly graph: Graph;
}

/** What the weights do not tell. */
export interface ImportOptions {
  /** Height and width of the images that the network will see; 224x224 by default. */
  readonly imageSize?: readonly [height: number, width: number];
  /** Stride of the first block; 2 by default. */
  readonly stemStride?: number | undefined;
  /** Of the first block of each stage; 2 by default. */
  readonly strides?: readonly number[] | undefined;
  /** Of the kernels of each stage; 1 by default. */
  readonly dilations?: readonly number[] | undefined;
  /** The file's name, for messages. */
  readonly source?: string;
}

/**
 * The network of the weights, in the form, training or deploy, that they are in. Its output equals PyTorch's in eval mode,
 * up to rounding.
 *
 * The architecture is taken from the file's metadata where it says one; else it is inferred, which works for RepVGG,
 * MobileOne and RepViT in the names of the reference code and of timm, and FastViT without attention in timm's.
 *
 * @param content From `readSafetensors` or `readTorchCheckpoint`.
 * @throws {InputError} when the names are of no such network, and when a tensor is missing, surplus or misshapen: all of
 * them at once.
 */
export function importTorchNetwork(
  content: SafetensorsContent,
  options: ImportOptions = {},
): ImportedNetwork {
  const { source = "the state", imageSize = IMAGENET_SIZE, stemStride, strides, dilations } = options;
  const state = content.tensors;
  for (const [kind, name, read] of ARCHITECTURE_KEY in content.metadata ? [] : KNOWN_BY_NAMES) {
    const known = read(state, imageSize, source);
    if (known === undefined) continue;
    if ((stemStride ?? strides ?? dilations) !== undefined) throw fixedStrides(source, name);
    const { dialect, form, graph } = known;
    const weights = torchWeights(graph, moduleOfPath, known.state ?? state, source);
    return { kind, dialect, form, graph: { ...graph, weights } };
  }
  const network = statedNetwork(content, options, source) ??
    inferNetwork(state, { imageSize, stemStride, strides, dilations }, source);
  const { config, dialect, form } = network;
  checkSize(config, state, source);
  const graph = networkGraph(config, form);
  const weights = torchWeights(graph, networkModules(config, dialect), state, source);
  return { kind: config.block, ...network, graph: { ...graph, weights } };
}

/** Networks that names alone describe, strides and all. */
const KNOWN_BY_NAMES: readonly (readonly [
  kind: string,
  name: string,
  read: (
    state: SafetensorsContent["tensors"],
    imageSize: readonly [number, number],
    source: string,
  ) => (Omit<ImportedNetwork, "kind"> & { readonly state?: SafetensorsContent["tensors"] }) | undefined,
])[] = [["repvit", "RepViT", readRepVit], ["fastvit", "FastViT", readFastVit]];

function fixedStrides(source: string, name: string): InputError {
  return new InputError(
    `Cannot import ${source} with --stem-stride, --strides or --dilations: it is ${name}, whose names say where it has a ` +
      "stride of 2, and which import knows without dilation.",
    "Leave them out.",
  );
}

/** Numbers that may be missing; what is, is then said by name. */
const SLACK = 2 ** 20;

/**
 * A few names and vectors can speak of a network of any size. It is built only where the file has tensors for its blocks,
 * and about as many numbers as its kernels have at least.
 */
function checkSize(config: NetworkConfig, state: SafetensorsContent["tensors"], source: string): void {
  const taps = config.block === "repvgg" || config.block === "qarepvgg" ? 9 : 1;
  const groups = config.groups ?? 1;
  let inputs = config.stem.width;
  let needed = 0;
  let blocks = 1;
  for (const { depth, width } of config.stages) {
    needed += (inputs + (depth - 1) * width) * width * taps / groups;
    blocks += depth;
    inputs = width;
  }
  const there = [...state.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  if (blocks <= state.size && needed <= 2 * there + SLACK) return;
  throw new InputError(
    `Cannot import ${source}: its names and vectors speak of a network of ${blocks} blocks with at least ${needed} ` +
      `numbers in its kernels, and it holds ${state.size} tensors with ${there} numbers.`,
    "Fetch or save the file again: tensors are missing.",
  );
}

function statedNetwork(
  { tensors, metadata }: SafetensorsContent,
  { imageSize, stemStride, strides, dilations }: ImportOptions,
  source: string,
): InferredNetwork | undefined {
  const stated = metadata[ARCHITECTURE_KEY];
  if (stated === undefined) return undefined;
  const config = parseNetworkConfig(parseJson(stated, source), `architecture in ${source}`);
  // What a person says of the images and the strides counts for more.
  if (imageSize !== undefined) config.inputSize = [...imageSize, config.inputSize[2]];
  if (stemStride !== undefined) config.stem.stride = stemStride;
  if (strides !== undefined) {
    const stages: { stride?: number }[] = config.stages.map(() => ({}));
    setStrides(stages, strides, source);
    config.stages.forEach((stage, i) => stage.stride = stages[i]!.stride!);
  }
  if (dilations !== undefined) setDilations(config.stages, dilations, source);
  return {
    // What was said is checked as what was read.
    config: parseNetworkConfig(config, `architecture in ${source}`),
    dialect: dialectOf(tensors),
    form: formOf(tensors),
  };
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(`Cannot use ${source}: the ${ARCHITECTURE_KEY} in its metadata is not JSON.`);
  }
}
