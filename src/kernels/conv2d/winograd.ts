/**
 * The TypeScript side of `assembly/winograd.as`: when a 3x3 convolution at stride 1 goes by Winograd's minimal filtering,
 * and with which tile. Layouts: images NHWC, filters HWIO.
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { winogradWeightsWords, winogradWords } from "../descriptors.ts";
import { NS_PER_BYTE, NS_PER_MULTIPLY_ADD } from "../dispatch.ts";
import type { ArrayView, Shape4D } from "../heap.ts";
import type { ConvolutionSizes } from "./sizes.ts";
import { type Epilogue, FREE_BLOCKS, type Pair } from "./implicit_gemm.ts";

/** Outputs of a tile along one axis, of F(2x2, 3x3) or F(4x4, 3x3). */
export type WinogradTile = 2 | 4;

const PANEL_TILES = 4;
const PANEL_COLUMNS = 8;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Transformed tiles and products that are held at once, in bytes: a fraction of a second-level cache. */
const BLOCK_BYTES = 256 * 1024;
/** Vectors of a tile: half-transformed, copied, and four of them staged, and where the four lie; see `winograd.as`. In bytes. */
const STAGE_BYTES = 6 * 36 * 16 + 4 * 16;
/** Scratch of `winogradWeights`, in bytes. */
const WEIGHT_SCRATCH_BYTES = (9 + 18 + 36) * 16;

/** With fewer channels the transforms cost more than they save. */
const MINIMUM_CHANNELS = 16;
/** F(4x4) transforms more for each product than F(2x2), so it must save this much of them. */
const LARGE_TILE_GAIN = 0.9;
/** Products for each output, of 9 that the direct algorithm takes, above which the transforms do not pay. */
const MAXIMUM_COST = 7;

/** A convolution that Winograd's filtering can do: 3x3, stride 1, dilation 1. */
export interface WinogradWork {
  /** NHWC. */
  readonly input: ArrayView;
  /** HWIO [3, 3, C, K]. */
  readonly filter: ArrayView;
  /** Whether the filter is turned by 180 degrees and its channels exchanged: the gradient with respect to the input. */
  readonly transposed: boolean;
  /** NHWC. */
  readonly output: ArrayView;
  /** Zeros before the first row and the first column. */
  readonly padding: Pair;
  /** What happens to each sum. */
  readonly epilogue: Epilogue;
}

/** Whether a convolution is of the kind that Winograd's filtering can do. */
export function isWinograd(info: ConvolutionSizes): boolean {
  return info.filterHeight === 3 && info.filterWidth === 3 && info.strideHeight === 1 &&
    info.strideWidth === 1 &&
    info.dilationHeight === 1 && info.dilationWidth === 1;
}

/**
 * The tile that is expected to be quickest, or undefined when direct convolution is.
 *
 * @param input NHWC shape.
 * @param output NHWC shape.
 */
export function chooseTile(input: Shape4D, output: Shape4D): WinogradTile | undefined {
  const [batch, outHeight, outWidth, outChannels] = output;
  if (input[3] < MINIMUM_CHANNELS || outChannels < MINIMUM_CHANNELS) return undefined;
  // Products for each output; tiles are computed four at a time, so that few tiles are rounded up.
  const cost = (tile: WinogradTile) => {
    const tiles = batch * Math.ceil(outHeight / tile) * Math.ceil(outWidth / tile);
    return roundUp(tiles, PANEL_TILES) * (tile + 2) ** 2 / (batch * outHeight * outWidth);
  };
  const tile = cost(4) < LARGE_TILE_GAIN * cost(2) ? 4 : 2;
  return cost(tile) < MAXIMUM_COST ? tile : undefined;
}

/** Convolves by tiles of `tile` x `tile` outputs. */
export function winograd(context: LaunchContext, work: WinogradWork, tile: WinogradTile): void {
  const { input, output, epilogue } = work;
  const [batch, inHeight, inWidth, inChannels] = input.shape as Shape4D;
  const [, outHeight, outWidth, outChannels] = output.shape as Shape4D;
  const products = (tile + 2) ** 2;
  const units = Math.ceil(batch * Math.ceil(outHeight / tile) * Math.ceil(outWidth / tile) / PANEL_TILES);
  const panelBytes = products * PANEL_TILES * FLOAT_BYTES *
    (roundUp(inChannels, PANEL_TILES) + roundUp(outChannels, PANEL_COLUMNS));
  const blockPanels = Math.max(1, Math.min(units, Math.floor(BLOCK_BYTES / panelBytes)));
  context.dispatcher.run({
    kernel: "winograd",
    units,
    costNs: units * PANEL_TILES * products * inChannels * outChannels * NS_PER_MULTIPLY_ADD,
    splitsFreely: units >= FREE_BLOCKS * blockPanels,
    scratchBytes: STAGE_BYTES + blockPanels * (panelBytes + PANEL_TILES * FLOAT_BYTES),
    words: winogradWords({
      input: context.heap.addressOf(input.dataId),
      weights: transformedWeights(context, work, tile),
      bias: epilogue.bias,
      output: context.heap.addressOf(output.dataId),
      batch,
      inHeight,
      inWidth,
      inChannels,
      outHeight,
      outWidth,
      outChannels,
      top: work.padding[0],
      left: work.padding[1],
      lo: epilogue.lo,
      hi: epilogue.hi,
      tile,
      blockPanels,
    }),
  });
}

/** U = G g Gᵀ in panels, made once for as long as the filter's data lives. */
function transformedWeights(context: LaunchContext, work: WinogradWork, tile: WinogradTile): number {
  const { filter, transposed } = work;
  const [, , inChannels, outChannels] = filter.shape as Shape4D;
  const steps = transposed ? outChannels : inChannels;
  const panels = Math.ceil((transposed ? inChannels : outChannels) / PANEL_COLUMNS);
  const bytes = (tile + 2) ** 2 * panels * PANEL_COLUMNS * steps * FLOAT_BYTES;
  return context.weights.get(
    filter,
    `winograd ${tile} ${transposed}`,
    bytes,
    (packed) =>
      context.dispatcher.run({
        kernel: "winogradWeights",
        units: panels,
        costNs: 2 * bytes * NS_PER_BYTE,
        scratchBytes: WEIGHT_SCRATCH_BYTES,
        words: winogradWeightsWords({
          filter: context.heap.addressOf(filter.dataId),
          packed,
          inChannels,
          outChannels,
          transposed: Number(transposed),
          tile,
        }),
      }),
  );
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
