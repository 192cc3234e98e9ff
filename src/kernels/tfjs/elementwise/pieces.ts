/**
 * Operations on two float32 tensors of the same shape, float by float, on the wasm backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { pairwise as launch } from "../../elementwise/pairwise.ts";
import { allocateTensor, type TensorInfo } from "../backend_heap.ts";
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

function pairwise(
  context: KernelContext,
  kernel: "addTensors" | "reluGradient",
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo | undefined {
  if (a.dtype !== "float32" || b.dtype !== "float32" || !tf.util.arraysEqual(a.shape, b.shape)) {
    return undefined;
  }
  if (tf.util.sizeFromShape(a.shape) === 0) return undefined;
  const out = allocateTensor(context.backend, a.shape);
  context.dispatcher.run(launch(context, kernel, a, b, out));
  return out;
}
