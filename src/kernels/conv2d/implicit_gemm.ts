/**
 * The TypeScript side of `assembly/convolution.as`: which pixels and taps a convolution reads, in the words of that
 * kernel. Layouts: images NHWC, filters HWIO.
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { convolutionWords, packWeightsWords } from "../descriptors.ts";
import { NS_PER_BYTE, NS_PER_MULTIPLY_ADD, type Work } from "../dispatch.ts";
import type { ArrayView, Shape4D } from "../heap.ts";

/** Rows and columns. */
export type Pair = readonly [y: number, x: number];

/** Rows of a panel of packed pixels. */
const PANEL_PIXELS = 4;
/** Columns of a panel of packed weights. */
const PANEL_COLUMNS = 8;
/** Steps of k that are multiplied at once: a panel of weights then takes half of a 32 KiB first-level cache. */
const BLOCK_STEPS = 512;
/** Packed pixels that are held at once, in bytes: a fraction of a second-level cache. */
const BLOCK_BYTES = 256 * 1024;
const MAXIMUM_BLOCK_PANELS = 64;
/** With so many blocks of pixels, cutting them into ranges has no weights read more often. */
export const FREE_BLOCKS = 16;
/** Scratch for one tile and for the pixels of one panel, in bytes; see `convolution.as`. */
const TILE_BYTES = 128;
const PANEL_BYTES = 80;
/** What packing overwrites behind the last panel, in bytes; see `pack_rows_4.as`. */
const PACKING_SLACK_BYTES = 48;

/**
 * Which taps of a filter take part, in the order in which they are read. In x and y: tap t is filter index
 * start + step·t.
 */
export interface Taps {
  /** Filter index of the first tap. */
  readonly start: Pair;
  /** From one tap to the next; negative when the filter is turned. */
  readonly step: Pair;
  /** How many there are. */
  readonly count: Pair;
}

/** A regular grid of output pixels, each a sum over the same taps. */
export interface PixelGrid {
  /** Rows and columns. */
  readonly size: Pair;
  /** Grid pixel p reads, for tap t, input pixel p·inStep + tapOrigin + t·tapStep. */
  readonly inStep: Pair;
  /** What grid pixel 0 reads for tap 0; negative in the padding. */
  readonly tapOrigin: Pair;
  /** The dilation. */
  readonly tapStep: Pair;
  /** Grid pixel p writes output pixel p·outStep + outOrigin. */
  readonly outStep: Pair;
  /** What grid pixel 0 writes. */
  readonly outOrigin: Pair;
  /** The taps of every pixel. */
  readonly taps: Taps;
}

/** What happens to a sum before it is stored. */
export interface Epilogue {
  /** Byte offset of one float per output channel, or 0. */
  readonly bias: number;
  readonly lo: number;
  readonly hi: number;
}

/** No bias and no clamping. */
export const PLAIN: Epilogue = { bias: 0, lo: -Infinity, hi: Infinity };

/**
 * The weights of a filter as panels [k][8], made once for as long as the filter's data lives.
 *
 * @param filter HWIO.
 * @param transposed Whether k runs over output channels, as in the gradient with respect to the input.
 * @returns byte offset.
 */
export function packedWeights(
  context: LaunchContext,
  filter: ArrayView,
  taps: Taps,
  transposed: boolean,
): number {
  const [, filterWidth, inChannels, outChannels] = filter.shape as Shape4D;
  const steps = taps.count[0] * taps.count[1] * (transposed ? outChannels : inChannels);
  const panels = Math.ceil((transposed ? inChannels : outChannels) / PANEL_COLUMNS);
  const layout = layoutName(filter, taps, transposed);
  const bytes = panels * steps * PANEL_COLUMNS * Float32Array.BYTES_PER_ELEMENT;
  return context.weights.get(filter, layout, bytes, (packed) =>
    context.dispatcher.run({
      kernel: "packWeights",
      units: panels,
      costNs: 2 * bytes * NS_PER_BYTE,
      words: packWeightsWords({
        filter: context.heap.addressOf(filter.dataId),
        packed,
        filterWidth,
        inChannels,
        outChannels,
        tapStartY: taps.start[0],
        tapStepY: taps.step[0],
        tapRows: taps.count[0],
        tapStartX: taps.start[1],
        tapStepX: taps.step[1],
        tapColumns: taps.count[1],
        transposed: Number(transposed),
      }),
    }));
}

/** Names what a packed filter depends on besides its data. Where all taps are read in order, no text is put together. */
function layoutName({ shape }: ArrayView, { start, step, count }: Taps, transposed: boolean): string {
  const inOrder = start[0] === 0 && start[1] === 0 && step[0] === 1 && step[1] === 1;
  const all = count[0] === shape[0] && count[1] === shape[1];
  return inOrder && all && !transposed ? "panels" : `panels ${transposed} ${start} ${step} ${count}`;
}

/**
 * One call of `convolution`.
 *
 * @param input NHWC [N, H, W, C].
 * @param weights Byte offset of panels, from {@link packedWeights} with the grid's taps.
 * @param output NHWC [N, H', W', K].
 */
export function implicitGemm(
  context: LaunchContext,
  input: ArrayView,
  weights: number,
  output: ArrayView,
  grid: PixelGrid,
  epilogue: Epilogue,
): Work {
  const [batch, inHeight, inWidth, inChannels] = input.shape as Shape4D;
  const [, outHeight, outWidth, outChannels] = output.shape as Shape4D;
  const units = Math.ceil(batch * grid.size[0] * grid.size[1] / PANEL_PIXELS);
  const rowSteps = grid.taps.count[1] * inChannels;
  const blockTapRows = clamp(Math.floor(BLOCK_STEPS / rowSteps), 1, grid.taps.count[0]);
  const packedBytes = blockTapRows * rowSteps * PANEL_PIXELS * Float32Array.BYTES_PER_ELEMENT;
  const blockPanels = clamp(Math.floor(BLOCK_BYTES / packedBytes), 1, Math.min(units, MAXIMUM_BLOCK_PANELS));
  return {
    kernel: "convolution",
    units,
    costNs: units * PANEL_PIXELS * grid.taps.count[0] * rowSteps * outChannels * NS_PER_MULTIPLY_ADD,
    splitsFreely: units >= FREE_BLOCKS * blockPanels,
    scratchBytes: (inChannels + outChannels + PANEL_COLUMNS) * Float32Array.BYTES_PER_ELEMENT + TILE_BYTES +
      blockPanels * (PANEL_BYTES + packedBytes) + PACKING_SLACK_BYTES,
    words: convolutionWords({
      input: context.heap.addressOf(input.dataId),
      weights,
      bias: epilogue.bias,
      output: context.heap.addressOf(output.dataId),
      inHeight,
      inWidth,
      inChannels,
      outHeight,
      outWidth,
      outChannels,
      batch,
      gridHeight: grid.size[0],
      gridWidth: grid.size[1],
      inStepY: grid.inStep[0],
      inStepX: grid.inStep[1],
      tapOriginY: grid.tapOrigin[0],
      tapOriginX: grid.tapOrigin[1],
      tapStepY: grid.tapStep[0],
      tapStepX: grid.tapStep[1],
      tapRows: grid.taps.count[0],
      tapColumns: grid.taps.count[1],
      outStepY: grid.outStep[0],
      outStepX: grid.outStep[1],
      outOriginY: grid.outOrigin[0],
      outOriginX: grid.outOrigin[1],
      lo: epilogue.lo,
      hi: epilogue.hi,
      blockPanels,
      blockTapRows,
    }),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
