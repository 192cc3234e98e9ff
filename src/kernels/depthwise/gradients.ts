/**
 * DepthwiseConv2dNativeBackpropInput and DepthwiseConv2dNativeBackpropFilter with one filter for each channel, NHWC. The
 * composed gradients in `composed/` are their reference, and serve where there are several.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { KernelArguments, Shape4D } from "../composed/compose.ts";
import {
  type DepthwiseFilterGradientAttributes,
  depthwiseInfo,
  type DepthwiseInputGradientAttributes,
} from "../composed/depthwise_gradients.ts";
import { axisClasses } from "../conv2d/axis_classes.ts";
import { PLAIN } from "../conv2d/implicit_gemm.ts";
import { NS_PER_MULTIPLY_ADD } from "../dispatch.ts";
import { allocateTensor, byteOffset, clearTensor, type TensorInfo } from "../heap.ts";
import { type KernelContext, override } from "../override.ts";
import { depthwiseWork } from "./depthwise_work.ts";

/** The gradients of a depthwise convolution. */
export const DEPTHWISE_GRADIENTS = [
  override<DepthwiseInputGradientAttributes>("DepthwiseConv2dNativeBackpropInput", inputGradient),
  override<DepthwiseFilterGradientAttributes>("DepthwiseConv2dNativeBackpropFilter", filterGradient),
];

/** Channels that one unit of `depthwiseFilterGradient` sums. */
const UNIT_CHANNELS = 16;
/** Pixels of x and dy that one strip may take, in bytes: a 32 KiB first-level cache, less what else is in it. */
const STRIP_BYTES = 24 * 1024;
const SCRATCH_BYTES = 16;

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
  const stride = [info.strideHeight, info.strideWidth] as const;
  const rows = axisClasses(info.inHeight, info.filterHeight, stride[0], info.padInfo.top);
  const columns = axisClasses(info.inWidth, info.filterWidth, stride[1], info.padInfo.left);
  if ([...rows, ...columns].some((axis) => axis.tapCount === 0)) clearTensor(context.backend, dx);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      if (row.tapCount * column.tapCount * row.gridSize * column.gridSize === 0) return;
      context.dispatcher.run(depthwiseWork(context, dy, filter, dx, {
        size: [row.gridSize, column.gridSize],
        inStep: [1, 1],
        tapOrigin: [row.origin, column.origin],
        tapStep: [1, 1],
        outStep: stride,
        outOrigin: [y, x],
        taps: {
          start: [row.tapStart, column.tapStart],
          step: [-stride[0], -stride[1]],
          count: [row.tapCount, column.tapCount],
        },
      }, PLAIN));
    });
  });
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
  const rowBytes = (info.strideHeight * info.inWidth + info.outWidth) * info.inChannels *
    Float32Array.BYTES_PER_ELEMENT;
  context.dispatcher.run({
    kernel: "depthwiseFilterGradient",
    units: info.filterHeight * info.filterWidth * Math.ceil(info.inChannels / UNIT_CHANNELS),
    costNs: tf.util.sizeFromShape(dy.shape) * info.filterHeight * info.filterWidth * NS_PER_MULTIPLY_ADD,
    scratchBytes: SCRATCH_BYTES,
    fields: [
      byteOffset(context.backend, x),
      byteOffset(context.backend, dy),
      byteOffset(context.backend, dw),
      info.batchSize,
      info.inHeight,
      info.inWidth,
      info.inChannels,
      info.outHeight,
      info.outWidth,
      info.filterWidth,
      info.strideHeight,
      info.strideWidth,
      info.dilationHeight,
      info.dilationWidth,
      info.padInfo.top,
      info.padInfo.left,
      Math.max(1, Math.floor(STRIP_BYTES / rowBytes)),
    ],
  });
  return dw;
}
