/**
 * A network's weights as a PyTorch state dict, in the names of the reference code: the training form as
 * `stage1.0.rbr_dense.conv.weight`, the fused form as `stage1.0.rbr_reparam.weight`, for PyTorch's `load_state_dict`.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Graph } from "../../graph/graph.ts";
import { ARCHITECTURE_KEY } from "./network.ts";
import { type ModuleOfLayer, networkModules, type TorchDialect } from "./modules.ts";
import { torchTensors } from "./tensors.ts";
import type { NetworkConfig } from "../config.ts";
import { float32Tensor, type RawTensor, writeSafetensors } from "../../formats/safetensors/write.ts";

/**
 * The state dict, float32, convolutions OIHW.
 *
 * @param graph In training or deploy form.
 * @param moduleOf From `networkModules`.
 * @throws {InputError} when a layer with weights has no counterpart in that family of networks.
 */
export function torchState(graph: Graph, moduleOf: ModuleOfLayer): Map<string, RawTensor> {
  return new Map(
    torchTensors(graph, moduleOf).map(({ name, shape, ref, toTorch }) => {
      const values = graph.weights.get(ref.name)!.read();
      return [name, float32Tensor(toTorch(values), shape)];
    }),
  );
}

/**
 * A safetensors file that the reference's model loads and computes the same with. Its header tells the architecture, so
 * that `importTorchNetwork` needs no guess.
 *
 * @param graph In training or deploy form, made from `config` or fused from it.
 * @param dialect Whose names.
 * @throws {InputError} when PyTorch would pad where this network does not, or has no such layer.
 */
export function writeTorchSafetensors(
  graph: Graph,
  config: NetworkConfig,
  dialect: TorchDialect = "reference",
): Uint8Array<ArrayBuffer> {
  checkPadding(config);
  const tensors = torchState(graph, networkModules(config, dialect));
  return writeSafetensors({
    tensors,
    metadata: { format: "pt", [ARCHITECTURE_KEY]: JSON.stringify(config) },
  });
}

/** At stride 2 on an even size, "same" puts the window elsewhere than PyTorch does, and no 3x3 kernel makes up for it. */
function checkPadding(config: NetworkConfig): void {
  if (config.padding === "explicit") return;
  let [height, width] = config.inputSize;
  for (const { stride } of [config.stem, ...config.stages]) {
    const sizes = [height, width];
    const uneven = sizes.find((size) => stride > 1 && (size - 1) % stride !== 0);
    if (uneven !== undefined) {
      throw new InputError(
        `Cannot write the weights for PyTorch: the network pads as TensorFlow's "same" does, which differs from ` +
          `PyTorch's padding at stride ${stride} on ${uneven} pixels.`,
        "Train with PyTorch's padding: repfuse train --set padding=explicit. Or export to ONNX, which has both.",
      );
    }
    [height, width] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  }
}
