/**
 * Identity and Cast without a copy. The wasm backend copies in both, and TensorFlow.js runs Identity on every tensor that
 * it saves for a gradient; the cpu backend shares the data and counts references, and so do these.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { TensorInfo, WasmBackend } from "../heap.ts";
import { override } from "../override.ts";

/** The kernels that return their input. */
export const SHARING = [
  override<object>("Identity", ({ backend }, { inputs }) => share(backend, inputs["x"]!)),
  override<{ readonly dtype: tf.DataType }>("Cast", ({ backend }, { inputs, attrs }) => {
    const x = inputs["x"]!;
    return x.dtype === attrs.dtype ? share(backend, x) : undefined;
  }),
];

/** Another tensor with the same data; declines strings, which are not in the heap. */
function share(backend: WasmBackend, { dataId, shape, dtype }: TensorInfo): TensorInfo | undefined {
  if (dtype === "string") return undefined;
  backend.incRef(dataId);
  return { dataId, shape: [...shape], dtype };
}
