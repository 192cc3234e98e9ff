/**
 * A network's weights as a PyTorch state dict, in the names of the reference code: the training form as
 * `stage1.0.rbr_dense.conv.weight`, the fused form as `stage1.0.rbr_reparam.weight`.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { ModuleOfLayer } from "../import/torch_modules.ts";
import { torchTensors } from "../import/torch_tensors.ts";
import { float32Tensor, type RawTensor } from "./safetensors.ts";

/**
 * The state dict, float32, convolutions OIHW.
 *
 * @param model In training or deploy form.
 * @param moduleOf From `networkModules`.
 * @throws {InputError} when a layer with weights has no counterpart in that family of networks.
 */
export function torchState(model: tf.LayersModel, moduleOf: ModuleOfLayer): Map<string, RawTensor> {
  return new Map(
    torchTensors(model, moduleOf).map(({ name, shape, layer, position, toTorch }) => {
      const values = layer.getWeights()[position]!.dataSync() as Float32Array;
      return [name, float32Tensor(toTorch(values), shape)];
    }),
  );
}
