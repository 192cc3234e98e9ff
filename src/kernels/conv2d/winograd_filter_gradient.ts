/**
 * The gradient of a 3x3 convolution at stride 1 with respect to its filter, by the kernels of
 * `assembly/winograd_filter_gradient.as`.
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { winogradFilterGradientWords } from "../descriptors.ts";
import { NS_PER_BYTE, NS_PER_MULTIPLY_ADD } from "../dispatch.ts";
import { type ArrayView, HeapBlock } from "../heap.ts";
import type { ConvolutionSizes } from "./sizes.ts";

/** Channels of x are padded to a multiple of this, and those of dy. */
const TILE_CHANNELS = 4;
const TILE_COLUMNS = 8;
/** Outputs of a tile along one axis, and products of a tile. */
const TILE = 4;
const PRODUCTS = 36;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Two patches of vectors, in bytes. */
const PATCHES_BYTES = 2 * PRODUCTS * 16;
const OUTER_PRODUCTS_BYTES = 32;
/** Transformed tiles that are held at once, in bytes: a fraction of a second-level cache. */
const BLOCK_BYTES = 512 * 1024;
/** With fewer tiles in a block, many channels spend their time on adding to the sums. */
const MINIMUM_BLOCK_TILES = 32;
/** Floats between the tiles of two positions: a cache line, so that a tile's positions are not all in one set. */
const PLANE_GAP = 16;
/** With fewer channels the transforms cost more than they save. */
const MINIMUM_CHANNELS = 16;
/** The sums over tiles; with more, they no longer stay in the cache from block to block. */
const MAXIMUM_SUM_BYTES = 8 * 1024 * 1024;
/** With fewer tiles the sums are too short. */
const MINIMUM_TILES = 16;
/** Products for each output, of 9 that the direct algorithm takes, above which the transforms do not pay. */
const MAXIMUM_COST = 5;

/** Whether the products that Winograd's filtering saves outweigh its transforms and its tiles over the edge. */
export function winogradPays(info: ConvolutionSizes): boolean {
  const { batchSize, outHeight, outWidth, inChannels, outChannels } = info;
  if (inChannels < MINIMUM_CHANNELS || outChannels < MINIMUM_CHANNELS) return false;
  if (PRODUCTS * FLOAT_BYTES * inChannels * outChannels > MAXIMUM_SUM_BYTES) return false;
  const tiles = Math.ceil(outHeight / TILE) * Math.ceil(outWidth / TILE);
  return tiles * PRODUCTS < MAXIMUM_COST * outHeight * outWidth && batchSize * tiles >= MINIMUM_TILES;
}

/** Writes dw of a 3x3 convolution at stride 1, for any shape; see {@link winogradPays}. */
export function winogradFilterGradient(
  context: LaunchContext,
  x: ArrayView,
  dy: ArrayView,
  dw: ArrayView,
  info: ConvolutionSizes,
): void {
  const { heap, dispatcher } = context;
  const channels = roundUp(info.inChannels, TILE_CHANNELS);
  const columns = roundUp(info.outChannels, TILE_COLUMNS);
  const tiles = info.batchSize * Math.ceil(info.outHeight / TILE) * Math.ceil(info.outWidth / TILE);
  const tileFloats = PRODUCTS * (channels + columns);
  const blocks = Math.ceil(tiles * tileFloats * FLOAT_BYTES / BLOCK_BYTES);
  const blockTiles = Math.min(tiles, Math.max(MINIMUM_BLOCK_TILES, Math.ceil(tiles / blocks)));
  const vPlane = blockTiles * channels + PLANE_GAP;
  const gPlane = blockTiles * columns + PLANE_GAP;
  const sums = PRODUCTS * channels * columns;
  const buffer = new HeapBlock(heap, (PRODUCTS * (vPlane + gPlane) + sums) * FLOAT_BYTES);
  const v = buffer.offset;
  const g = v + PRODUCTS * vPlane * FLOAT_BYTES;
  const m = g + PRODUCTS * gPlane * FLOAT_BYTES;
  const wordsOf = (firstTile: number, count: number) =>
    winogradFilterGradientWords({
      ...imageFields(context, x, dy, dw, info),
      top: info.padInfo.top,
      left: info.padInfo.left,
      firstTile,
      blockTiles: count,
      v,
      vBytes: vPlane * FLOAT_BYTES,
      g,
      gBytes: gPlane * FLOAT_BYTES,
      m,
    });
  for (let first = 0; first < tiles; first += blockTiles) {
    const count = Math.min(blockTiles, tiles - first);
    const words = wordsOf(first, count);
    dispatcher.run({
      kernel: "winogradFilterGradientTiles",
      units: count,
      scratchBytes: PATCHES_BYTES,
      costNs: 2 * count * tileFloats * FLOAT_BYTES * NS_PER_BYTE,
      splitsFreely: true,
      words,
    });
    dispatcher.run({
      kernel: "winogradFilterGradientProducts",
      units: PRODUCTS,
      scratchBytes: OUTER_PRODUCTS_BYTES,
      costNs: count * sums * NS_PER_MULTIPLY_ADD,
      splitsFreely: true,
      words,
    });
  }
  dispatcher.run({
    kernel: "winogradFilterGradientTaps",
    units: info.inChannels,
    scratchBytes: PATCHES_BYTES,
    costNs: 2 * sums * FLOAT_BYTES * NS_PER_BYTE,
    splitsFreely: true,
    words: wordsOf(0, 0),
  });
  buffer.free();
}

/** The first fields of all kernels for the gradient with respect to the filter. */
export function imageFields(
  { heap }: LaunchContext,
  x: ArrayView,
  dy: ArrayView,
  dw: ArrayView,
  info: ConvolutionSizes,
) {
  return {
    x: heap.addressOf(x.dataId),
    dy: heap.addressOf(dy.dataId),
    dw: heap.addressOf(dw.dataId),
    batch: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    inChannels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
  };
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
