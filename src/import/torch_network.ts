/**
 * From a PyTorch state dict to a network, in one call.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { createDeployNetwork, createNetwork } from "../model/network.ts";
import { inferNetwork, type InferredNetwork } from "./infer_config.ts";
import { loadTorchState, type TorchState } from "./torch.ts";
import { networkModules } from "./torch_modules.ts";

/** A network that was trained elsewhere. */
export interface ImportedNetwork extends InferredNetwork {
  readonly model: tf.LayersModel;
}

/**
 * The RepVGG or MobileOne network of the state, in the form, training or deploy, that the state is in. Its output equals
 * PyTorch's in eval mode, up to rounding.
 *
 * @param state From `readSafetensors`, in the names of the reference code or of timm.
 * @param imageSize Height and width of the images that the network will see.
 * @param source The file's name, for the message.
 * @throws {InputError} when the names are of no such network, and when a tensor is missing, surplus or misshapen: all of
 * them at once.
 */
export function importTorchNetwork(
  state: TorchState,
  imageSize: readonly [height: number, width: number],
  source = "the state",
): ImportedNetwork {
  const inferred = inferNetwork(state, imageSize, source);
  const { config, dialect, form } = inferred;
  const model = form === "deploy"
    ? createDeployNetwork(config, { seed: null })
    : createNetwork(config, { seed: null });
  loadTorchState(model, networkModules(config, dialect), state, source);
  return { ...inferred, model };
}
