/**
 * Identity, Cast and Slice without a copy, where they change nothing. The wasm backend copies in all three. TensorFlow.js
 * runs Identity on every tensor that it saves for a gradient, and `model.predict` slices every batch out of its input, also
 * where there is only one. The cpu backend shares the data and counts references, and so do these.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { TensorInfo, WasmBackend } from "../backend_heap.ts";
import { override } from "../override.ts";

interface SliceAttributes {
  readonly begin: number | number[];
  readonly size: number | number[];
}

/** The kernels that return their input. */
export const SHARING = [
  override<object>("Identity", ({ backend }, { inputs }) => share(backend, inputs["x"]!)),
  override<{ readonly dtype: tf.DataType }>("Cast", ({ backend }, { inputs, attrs }) => {
    const x = inputs["x"]!;
    return x.dtype === attrs.dtype ? share(backend, x) : undefined;
  }),
  override<SliceAttributes>("Slice", ({ backend }, { inputs, attrs }) => {
    const x = inputs["x"]!;
    const [, size] = tf.slice_util.parseSliceParams(x as tf.Tensor, attrs.begin, attrs.size);
    return tf.util.arraysEqual(size!, x.shape) ? share(backend, x) : undefined;
  }),
];

/** Another tensor with the same data; declines strings, which are not in the heap. */
function share(backend: WasmBackend, { dataId, shape, dtype }: TensorInfo): TensorInfo | undefined {
  if (dtype === "string") return undefined;
  backend.incRef(dataId);
  return { dataId, shape: [...shape], dtype };
}
