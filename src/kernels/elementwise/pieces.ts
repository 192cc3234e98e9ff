/**
 * Operations on two float32 tensors of the same shape, float by float, on the wasm backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { NS_PER_BYTE } from "../dispatch.ts";
import { allocateTensor, byteOffset, type TensorInfo } from "../heap.ts";
import { type KernelContext, override } from "../override.ts";
import { RELU_GRADIENT } from "./relu_gradient.ts";

/** The kernels that work float by float. */
export const ELEMENTWISE = [
  override<object>(
    "Add",
    (context, { inputs }) => pairwise(context, "addTensors", inputs["a"]!, inputs["b"]!),
  ),
  override<object>(RELU_GRADIENT.kernelName, (context, { inputs }) => {
    const dx = pairwise(context, "reluGradient", inputs["y"]!, inputs["dy"]!);
    return dx === undefined ? undefined : [dx];
  }),
];

/** Floats of a unit; the same number as in assembly/elementwise.as. */
const PIECE_FLOATS = 8192;

function pairwise(
  context: KernelContext,
  kernel: string,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo | undefined {
  if (a.dtype !== "float32" || b.dtype !== "float32" || !tf.util.arraysEqual(a.shape, b.shape)) {
    return undefined;
  }
  const { backend, dispatcher } = context;
  const size = tf.util.sizeFromShape(a.shape);
  if (size === 0) return undefined;
  const out = allocateTensor(backend, a.shape);
  const fields = [byteOffset(backend, a), byteOffset(backend, b), byteOffset(backend, out), size];
  dispatcher.run({
    kernel,
    units: Math.ceil(size / PIECE_FLOATS),
    costNs: 3 * size * Float32Array.BYTES_PER_ELEMENT * NS_PER_BYTE,
    splitsFreely: true,
    fields,
  });
  return out;
}
