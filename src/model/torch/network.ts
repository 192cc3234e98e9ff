/**
 * From a PyTorch state dict to a network, in one call.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import type { SafetensorsContent } from "../../formats/safetensors/write.ts";
import { parseNetworkConfig } from "../config.ts";
import { createDeployNetwork, createNetwork } from "../network.ts";
import { dialectOf, formOf, inferNetwork, type InferredNetwork } from "./infer_config.ts";
import { loadTorchState } from "./read_weights.ts";
import { networkModules } from "./modules.ts";

/** Where a file that this project wrote keeps its network's configuration, in the safetensors metadata. */
export const ARCHITECTURE_KEY = "architecture";

/** Height and width of ImageNet crops, which the papers' networks are for. */
const IMAGENET_SIZE = [224, 224] as const;

/** A network that was trained elsewhere. */
export interface ImportedNetwork extends InferredNetwork {
  /** The network, with its weights. */
  readonly model: tf.LayersModel;
}

/** What the weights do not tell. */
export interface ImportOptions {
  /** Height and width of the images that the network will see; 224x224 by default. */
  readonly imageSize?: readonly [height: number, width: number];
  /** Stride of the first block; 2 by default. */
  readonly stemStride?: number | undefined;
  /** The file's name, for messages. */
  readonly source?: string;
}

/**
 * The network of the weights, in the form, training or deploy, that they are in. Its output equals PyTorch's in eval mode,
 * up to rounding.
 *
 * The architecture is taken from the file's metadata where it says one; else it is inferred, which works for RepVGG and
 * MobileOne in the names of the reference code and of timm.
 *
 * @param content From `readSafetensors` or `readTorchCheckpoint`.
 * @throws {InputError} when the names are of no such network, and when a tensor is missing, surplus or misshapen: all of
 * them at once.
 */
export function importTorchNetwork(
  content: SafetensorsContent,
  options: ImportOptions = {},
): ImportedNetwork {
  const { source = "the state", imageSize = IMAGENET_SIZE, stemStride } = options;
  const state = content.tensors;
  const network = statedNetwork(content, source) ?? inferNetwork(state, { imageSize, stemStride }, source);
  const { config, dialect, form } = network;
  const create = form === "deploy" ? createDeployNetwork : createNetwork;
  const model = create(config, { seed: null });
  loadTorchState(model, networkModules(config, dialect), state, source);
  return { ...network, model };
}

function statedNetwork(
  { tensors, metadata }: SafetensorsContent,
  source: string,
): InferredNetwork | undefined {
  const stated = metadata[ARCHITECTURE_KEY];
  if (stated === undefined) return undefined;
  return {
    config: parseNetworkConfig(parseJson(stated, source), `architecture in ${source}`),
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
