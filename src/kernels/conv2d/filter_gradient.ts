/**
 * The gradient of a convolution with respect to its filter: dw[i, j, c, k] = Σ x · dy. Layouts: images NHWC, filters HWIO.
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { filterGradientWords } from "../descriptors.ts";
import { NS_PER_MULTIPLY_ADD, type Work } from "../dispatch.ts";
import { type ArrayView, sizeOf } from "../heap.ts";
import type { ConvolutionSizes } from "./sizes.ts";
import { isWinograd } from "./winograd.ts";
import { imageFields, winogradFilterGradient, winogradPays } from "./winograd_filter_gradient.ts";

/** Pixels of x and dy that one strip may take, in bytes: a 32 KiB first-level cache, less what else is in it. */
const STRIP_BYTES = 24 * 1024;
/** Input channels in a tile. */
const TILE_CHANNELS = 4;
const SCRATCH_BYTES = 32;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Writes dw of a convolution without dilation. */
export function filterGradient(
  context: LaunchContext,
  x: ArrayView,
  dy: ArrayView,
  dw: ArrayView,
  info: ConvolutionSizes,
): void {
  if (isWinograd(info) && winogradPays(info)) winogradFilterGradient(context, x, dy, dw, info);
  else context.dispatcher.run(directWork(context, x, dy, dw, info));
}

function directWork(
  context: LaunchContext,
  x: ArrayView,
  dy: ArrayView,
  dw: ArrayView,
  info: ConvolutionSizes,
): Work {
  const rowBytes = FLOAT_BYTES *
    (info.strideHeight * info.inWidth * info.inChannels + info.outWidth * info.outChannels);
  return {
    kernel: "filterGradient",
    units: info.filterHeight * info.filterWidth * Math.ceil(info.inChannels / TILE_CHANNELS),
    costNs: sizeOf(dy.shape) * info.filterHeight * info.filterWidth * info.inChannels * NS_PER_MULTIPLY_ADD,
    scratchBytes: SCRATCH_BYTES,
    words: filterGradientWords({
      ...imageFields(context, x, dy, dw, info),
      filterWidth: info.filterWidth,
      strideY: info.strideHeight,
      strideX: info.strideWidth,
      top: info.padInfo.top,
      left: info.padInfo.left,
      stripRows: Math.max(1, Math.floor(STRIP_BYTES / rowBytes)),
    }),
  };
}
