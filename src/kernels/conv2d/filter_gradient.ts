/**
 * Conv2DBackpropFilter on NHWC images: dw[i, j, c, k] = Σ x · dy. The composed gradient in `composed/` is its reference.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { KernelArguments, Shape4D } from "../composed/compose.ts";
import type { FilterGradientAttributes } from "../composed/conv2d_filter_gradient.ts";
import type { Work } from "../dispatch.ts";
import { allocateTensor, byteOffset, type TensorInfo } from "../heap.ts";
import { type KernelContext, override } from "../override.ts";
import { isWinograd } from "./winograd.ts";

/** The gradient of a convolution with respect to its filter. */
export const FILTER_GRADIENTS = [override<FilterGradientAttributes>("Conv2DBackpropFilter", filterGradient)];

/** Pixels of x and dy that one strip may take, in bytes: a 32 KiB first-level cache, less what else is in it. */
const STRIP_BYTES = 24 * 1024;
/** Input channels in a tile. */
const TILE_CHANNELS = 4;
const SCRATCH_BYTES = 32;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Output channels of a unit of `winogradFilterGradient`; outputs of its tiles along one axis, and products of a tile. */
const UNIT_CHANNELS = 8;
const TILE = 4;
const PRODUCTS = 36;
/** Two patches of vectors, in bytes. */
const PATCHES_BYTES = 2 * PRODUCTS * 16;
/** Transformed tiles that are held at once, in bytes: a fraction of a second-level cache. */
const BLOCK_BYTES = 512 * 1024;
/** With fewer channels the transforms cost more than they save. */
const MINIMUM_CHANNELS = 16;
/** The sums over tiles that one thread holds; with more, they no longer stay in the cache from block to block. */
const MAXIMUM_SUM_BYTES = 8 * 1024 * 1024;
/** With fewer tiles the sums are too short. */
const MINIMUM_TILES = 16;
/** Products for each output, of 9 that the direct algorithm takes, above which the transforms do not pay. */
const MAXIMUM_COST = 5;

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
  const work = isWinograd(info) && winogradPays(info) ? winogradWork : directWork;
  context.dispatcher.run(work(context, x, dy, dw, info));
  return dw;
}

type Info = tf.backend_util.Conv2DInfo;

function directWork(context: KernelContext, x: TensorInfo, dy: TensorInfo, dw: TensorInfo, info: Info): Work {
  const rowBytes = FLOAT_BYTES *
    (info.strideHeight * info.inWidth * info.inChannels + info.outWidth * info.outChannels);
  return {
    kernel: "filterGradient",
    units: info.filterHeight * info.filterWidth * Math.ceil(info.inChannels / TILE_CHANNELS),
    scratchBytes: SCRATCH_BYTES,
    fields: [
      ...images(context, x, dy, dw, info),
      info.filterWidth,
      info.strideHeight,
      info.strideWidth,
      info.padInfo.top,
      info.padInfo.left,
      Math.max(1, Math.floor(STRIP_BYTES / rowBytes)),
    ],
  };
}

/** Whether the products that Winograd's filtering saves outweigh its transforms and its tiles over the edge. */
export function winogradPays(info: Info): boolean {
  const { batchSize, outHeight, outWidth, inChannels, outChannels } = info;
  if (inChannels < MINIMUM_CHANNELS || outChannels < MINIMUM_CHANNELS) return false;
  if (PRODUCTS * FLOAT_BYTES * inChannels * outChannels > MAXIMUM_SUM_BYTES) return false;
  const tiles = Math.ceil(outHeight / TILE) * Math.ceil(outWidth / TILE);
  return tiles * PRODUCTS < MAXIMUM_COST * outHeight * outWidth && batchSize * tiles >= MINIMUM_TILES;
}

/** One call of `winogradFilterGradient`, for a 3x3 convolution at stride 1. */
export function winogradWork(
  context: KernelContext,
  x: TensorInfo,
  dy: TensorInfo,
  dw: TensorInfo,
  info: Info,
): Work {
  const channels = roundUp(info.inChannels, TILE_CHANNELS);
  const columns = roundUp(info.outChannels, UNIT_CHANNELS);
  const blockTiles = Math.max(
    MINIMUM_TILES,
    Math.floor(BLOCK_BYTES / (PRODUCTS * FLOAT_BYTES * (channels + columns))),
  );
  return {
    kernel: "winogradFilterGradient",
    units: columns / UNIT_CHANNELS,
    scratchBytes: PATCHES_BYTES +
      PRODUCTS * FLOAT_BYTES * (blockTiles * (channels + columns) + channels * columns),
    fields: [...images(context, x, dy, dw, info), info.padInfo.top, info.padInfo.left, blockTiles],
  };
}

/** The first fields of both kernels. */
function images(context: KernelContext, x: TensorInfo, dy: TensorInfo, dw: TensorInfo, info: Info): number[] {
  return [
    byteOffset(context.backend, x),
    byteOffset(context.backend, dy),
    byteOffset(context.backend, dw),
    info.batchSize,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.outHeight,
    info.outWidth,
    info.outChannels,
  ];
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
