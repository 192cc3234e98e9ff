/**
 * The gradients of a depthwise convolution with one filter for each channel. Layouts: images NHWC, filters [h, w, C, 1].
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { gradientGrids } from "../conv2d/axis_classes.ts";
import { PLAIN } from "../conv2d/implicit_gemm.ts";
import type { ConvolutionSizes } from "../conv2d/sizes.ts";
import { depthwiseFilterGradientWords } from "../descriptors.ts";
import { NS_PER_MULTIPLY_ADD } from "../dispatch.ts";
import { type ArrayView, clearArray, sizeOf } from "../heap.ts";
import { depthwiseWork } from "./depthwise_work.ts";

/** Channels that one unit of `depthwiseFilterGradient` sums. */
const UNIT_CHANNELS = 16;
/** Pixels of x and dy that one strip may take, in bytes: a 32 KiB first-level cache, less what else is in it. */
const STRIP_BYTES = 24 * 1024;
const SCRATCH_BYTES = 16;

/** Writes dx of a depthwise convolution without dilation. */
export function depthwiseInputGradient(
  context: LaunchContext,
  dy: ArrayView,
  filter: ArrayView,
  dx: ArrayView,
  info: ConvolutionSizes,
): void {
  const { grids, leavesGaps } = gradientGrids(info);
  if (leavesGaps) clearArray(context.heap, dx);
  for (const grid of grids) context.dispatcher.run(depthwiseWork(context, dy, filter, dx, grid, PLAIN));
}

/** Writes dw of a depthwise convolution. */
export function depthwiseFilterGradient(
  { heap, dispatcher }: LaunchContext,
  x: ArrayView,
  dy: ArrayView,
  dw: ArrayView,
  info: ConvolutionSizes,
): void {
  const rowBytes = (info.strideHeight * info.inWidth + info.outWidth) * info.inChannels *
    Float32Array.BYTES_PER_ELEMENT;
  dispatcher.run({
    kernel: "depthwiseFilterGradient",
    units: info.filterHeight * info.filterWidth * Math.ceil(info.inChannels / UNIT_CHANNELS),
    costNs: sizeOf(dy.shape) * info.filterHeight * info.filterWidth * NS_PER_MULTIPLY_ADD,
    scratchBytes: SCRATCH_BYTES,
    words: depthwiseFilterGradientWords({
      x: heap.addressOf(x.dataId),
      dy: heap.addressOf(dy.dataId),
      dw: heap.addressOf(dw.dataId),
      batch: info.batchSize,
      inHeight: info.inHeight,
      inWidth: info.inWidth,
      channels: info.inChannels,
      outHeight: info.outHeight,
      outWidth: info.outWidth,
      filterWidth: info.filterWidth,
      strideY: info.strideHeight,
      strideX: info.strideWidth,
      dilationY: info.dilationHeight,
      dilationX: info.dilationWidth,
      top: info.padInfo.top,
      left: info.padInfo.left,
      stripRows: Math.max(1, Math.floor(STRIP_BYTES / rowBytes)),
    }),
  });
}
