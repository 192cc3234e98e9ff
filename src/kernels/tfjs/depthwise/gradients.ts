/**
 * DepthwiseConv2dNativeBackpropInput and DepthwiseConv2dNativeBackpropFilter with one filter for each channel, NHWC. The
 * fallbacks in `fallback/` are their reference, and serve where there are several.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { depthwiseFilterGradient, depthwiseInputGradient } from "../../depthwise/gradients.ts";
import type { Shape4D } from "../../heap.ts";
import { allocateTensor, type TensorInfo } from "../backend_heap.ts";
import type { KernelArguments } from "../fallback/compose.ts";
import {
  type DepthwiseFilterGradientAttributes,
  depthwiseInfo,
  type DepthwiseInputGradientAttributes,
} from "../fallback/depthwise_gradients.ts";
import { type KernelContext, override } from "../override.ts";

/** The gradients of a depthwise convolution. */
export const DEPTHWISE_GRADIENTS = [
  override<DepthwiseInputGradientAttributes>("DepthwiseConv2dNativeBackpropInput", inputGradient),
  override<DepthwiseFilterGradientAttributes>("DepthwiseConv2dNativeBackpropFilter", filterGradient),
];

function inputGradient(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<DepthwiseInputGradientAttributes>,
): TensorInfo | undefined {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  const { inputShape } = attrs;
  if (dy.dtype !== "float32" || filter.dtype !== "float32" || filter.shape[3] !== 1) return undefined;
  if (dy.shape.includes(0) || filter.shape.includes(0) || inputShape.includes(0)) return undefined;
  const info = depthwiseInfo(inputShape, filter.shape as Shape4D, attrs);
  if (info.dilationHeight !== 1 || info.dilationWidth !== 1) return undefined;
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return undefined;
  const dx = allocateTensor(context.backend, inputShape);
  depthwiseInputGradient(context, dy, filter, dx, info);
  return dx;
}

function filterGradient(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<DepthwiseFilterGradientAttributes>,
): TensorInfo | undefined {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const { filterShape } = attrs;
  if (x.dtype !== "float32" || dy.dtype !== "float32" || filterShape[3] !== 1) return undefined;
  if (x.shape.includes(0) || dy.shape.includes(0) || filterShape.includes(0)) return undefined;
  const info = depthwiseInfo(x.shape as Shape4D, filterShape, attrs);
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return undefined;
  const dw = allocateTensor(context.backend, filterShape);
  depthwiseFilterGradient(context, x, dy, dw, info);
  return dw;
}
