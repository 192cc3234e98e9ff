/**
 * A way to write a kernel as a few calls of other kernels, below the engine: no tape, no names, and every intermediate
 * result is given back when the last call is done.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { TensorInfo, WasmBackend } from "../backend_heap.ts";

/** Runs one registered kernel of the wasm backend. Kernels of any number of inputs (Concat) take an array. */
export type Call = (
  kernelName: string,
  inputs: Record<string, TensorInfo> | TensorInfo[],
  attrs?: object,
) => TensorInfo;

/** What `tf.KernelConfig.kernelFunc` is given, with the types that the wasm backend really passes. */
export interface KernelArguments<Attrs> {
  readonly inputs: Record<string, TensorInfo>;
  readonly backend: WasmBackend;
  readonly attrs: Attrs;
}

/**
 * Runs `body` and disposes every result of its calls but the last one returned.
 *
 * @param body Calls kernels by name and returns the result of one of its calls.
 */
export function compose(backend: WasmBackend, body: (call: Call) => TensorInfo): TensorInfo {
  const made: TensorInfo[] = [];
  let result: TensorInfo | undefined;
  try {
    result = body((kernelName, inputs, attrs = {}) => {
      const output = kernelNamed(kernelName)({
        inputs: inputs as tf.NamedTensorInfoMap,
        attrs: attrs as tf.NamedAttrMap,
        backend,
      });
      if (Array.isArray(output)) throw new Error(`Cannot compose with ${kernelName}: it has several outputs`);
      made.push(output);
      return output;
    });
    return result;
  } finally {
    for (const tensor of made) if (tensor !== result) backend.disposeData(tensor.dataId);
  }
}

function kernelNamed(kernelName: string): tf.KernelConfig["kernelFunc"] {
  const kernel = tf.getKernel(kernelName, "wasm");
  if (kernel === undefined) throw new Error(`Cannot compose with ${kernelName}: the wasm backend lacks it`);
  return kernel.kernelFunc;
}
