/**
 * Conv2DBackpropFilter on NHWC images: dw[i, j, c, k] = Σ x · dy. The composed gradient in `composed/` is its reference.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { KernelArguments, Shape4D } from "../composed/compose.ts";
import type { FilterGradientAttributes } from "../composed/conv2d_filter_gradient.ts";
import { NS_PER_MULTIPLY_ADD, type Work } from "../dispatch.ts";
import { allocateTensor, type TensorInfo } from "../heap.ts";
import { type KernelContext, override } from "../override.ts";
import { isWinograd } from "./winograd.ts";
import { imageFields, winogradFilterGradient, winogradPays } from "./winograd_filter_gradient.ts";

/** The gradient of a convolution with respect to its filter. */
export const FILTER_GRADIENTS = [override<FilterGradientAttributes>("Conv2DBackpropFilter", filterGradient)];

/** Pixels of x and dy that one strip may take, in bytes: a 32 KiB first-level cache, less what else is in it. */
const STRIP_BYTES = 24 * 1024;
/** Input channels in a tile. */
const TILE_CHANNELS = 4;
const SCRATCH_BYTES = 32;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

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
  if (isWinograd(info) && winogradPays(info)) winogradFilterGradient(context, x, dy, dw, info);
  else context.dispatcher.run(directWork(context, x, dy, dw, info));
  return dw;
}

function directWork(
  context: KernelContext,
  x: TensorInfo,
  dy: TensorInfo,
  dw: TensorInfo,
  info: tf.backend_util.Conv2DInfo,
): Work {
  const rowBytes = FLOAT_BYTES *
    (info.strideHeight * info.inWidth * info.inChannels + info.outWidth * info.outChannels);
  return {
    kernel: "filterGradient",
    units: info.filterHeight * info.filterWidth * Math.ceil(info.inChannels / TILE_CHANNELS),
    costNs: tf.util.sizeFromShape(dy.shape) * info.filterHeight * info.filterWidth * info.inChannels *
      NS_PER_MULTIPLY_ADD,
    scratchBytes: SCRATCH_BYTES,
    fields: [
      ...imageFields(context, x, dy, dw, info),
      info.filterWidth,
      info.strideHeight,
      info.strideWidth,
      info.padInfo.top,
      info.padInfo.left,
      Math.max(1, Math.floor(STRIP_BYTES / rowBytes)),
    ],
  };
}
