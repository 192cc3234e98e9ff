/**
 * Conv2DBackpropFilter on NHWC images. The fallback in `fallback/` is its reference.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { filterGradient as launch } from "../../conv2d/filter_gradient.ts";
import type { Shape4D } from "../../heap.ts";
import { allocateTensor, type TensorInfo } from "../backend_heap.ts";
import type { KernelArguments } from "../fallback/compose.ts";
import type { FilterGradientAttributes } from "../fallback/conv2d_filter_gradient.ts";
import { type KernelContext, override } from "../override.ts";

/** The gradient of a convolution with respect to its filter. */
export const FILTER_GRADIENTS = [override<FilterGradientAttributes>("Conv2DBackpropFilter", filterGradient)];

function filterGradient(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<FilterGradientAttributes>,
): TensorInfo | undefined {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  if (attrs.dataFormat !== "NHWC" || x.dtype !== "float32" || dy.dtype !== "float32") return undefined;
  if (x.shape.includes(0) || dy.shape.includes(0) || attrs.filterShape.includes(0)) return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as Shape4D,
    attrs.filterShape,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return undefined;
  const dw = allocateTensor(context.backend, attrs.filterShape);
  launch(context, x, dy, dw, info);
  return dw;
}
