/**
 * Convolution as an implicit matrix product: rows are pixels of a grid, columns output channels, k runs over taps and
 * input channels. The rows of four pixels at a time are packed into a panel as they are needed; nothing like a whole
 * im2col matrix is ever written. Indirection as in Dukhan, "The Indirect Convolution Algorithm" (2019), but packed.
 *
 * The same kernel serves the forward convolution and, with the taps reversed and the weights transposed, the gradient
 * with respect to the input. A unit is four pixels, counted over batch, grid rows and grid columns.
 */
import { FROM_BIAS, FROM_OUTPUT, FROM_ZERO, gemm4x8, TILE_BYTES } from "./lib/gemm_4x8";
import { packRows4 } from "./lib/pack_rows_4";

/** Filled in by `convolutionWords` of descriptors.ts, which is made from this class. */
@unmanaged
class Convolution {
  /** Images, NHWC. */
  input: usize;
  /** Panels [k][8], as packWeights makes them. */
  weights: usize;
  /** Per output channel, or 0. */
  bias: usize;
  /** Images, NHWC. */
  output: usize;
  inHeight: i32;
  inWidth: i32;
  inChannels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  batch: i32;
  gridHeight: i32;
  gridWidth: i32;
  /** Grid pixel (p, q) reads input pixel (p·inStepY + tapOriginY + i·tapStepY, ...) for tap row i. */
  inStepY: i32;
  inStepX: i32;
  tapOriginY: i32;
  tapOriginX: i32;
  tapStepY: i32;
  tapStepX: i32;
  tapRows: i32;
  tapColumns: i32;
  /** Grid pixel (p, q) writes output pixel (p·outStepY + outOriginY, q·outStepX + outOriginX). */
  outStepY: i32;
  outStepX: i32;
  outOriginY: i32;
  outOriginX: i32;
  /** The result is clamped to [lo, hi]. */
  lo: f32;
  hi: f32;
  /** Panels that are packed before they are multiplied. */
  blockPanels: i32;
  /** Tap rows that are multiplied at once. */
  blockTapRows: i32;
}

/** The four pixels of a panel: where they read and write. In scratch memory. */
@unmanaged
class Panel {
  /** Addresses of the four output rows. */
  out0: u32;
  out1: u32;
  out2: u32;
  out3: u32;
  /** Addresses of the input pixels under the first tap; outside of the image where y or x are. */
  in0: u32;
  in1: u32;
  in2: u32;
  in3: u32;
  y0: i32;
  y1: i32;
  y2: i32;
  y3: i32;
  x0: i32;
  x1: i32;
  x2: i32;
  x3: i32;
  /** Whether all taps of all four pixels are inside of their images. */
  inside: i32;
}
const PANEL_BYTES: usize = 80;

/**
 * Fills in the pixels of `count` panels; pixels behind the last one repeat it as input and write to `dummy`. Four pixels of
 * one row, as nearly all are, are located at once.
 */
function locatePanels(d: Convolution, first: i32, count: i32, to: usize, dummy: usize): void {
  const gridPixels = d.gridHeight * d.gridWidth;
  const lastPixel = d.batch * gridPixels - 1;
  const firstPixel = first * 4;
  let n = firstPixel / gridPixels;
  let p = (firstPixel - n * gridPixels) / d.gridWidth;
  let q = firstPixel - n * gridPixels - p * d.gridWidth;
  const lastTapY = (d.tapRows - 1) * d.tapStepY;
  const lastTapX = (d.tapColumns - 1) * d.tapStepX;
  const pixelBytes = d.inChannels * 4;
  const outPixelBytes = d.outChannels * 4;
  const inSteps = i32x4.mul(i32x4.splat(d.inStepX), i32x4(0, 1, 2, 3));
  const inByteSteps = i32x4.mul(i32x4.splat(pixelBytes), inSteps);
  const outByteSteps = i32x4.mul(i32x4.splat(d.outStepX * outPixelBytes), i32x4(0, 1, 2, 3));
  for (let m = 0; m < count; m++, to += PANEL_BYTES) {
    if (q + 4 <= d.gridWidth) {
      const y = p * d.inStepY + d.tapOriginY;
      const x = q * d.inStepX + d.tapOriginX;
      const outPixel = (n * d.outHeight + p * d.outStepY + d.outOriginY) * d.outWidth + q * d.outStepX + d.outOriginX;
      const inPixel = (n * d.inHeight + y) * d.inWidth + x;
      const first = i32x4.splat(<i32>d.output + outPixel * outPixelBytes);
      v128.store(to, i32x4.add(first, outByteSteps));
      v128.store(to, i32x4.add(i32x4.splat(<i32>d.input + inPixel * pixelBytes), inByteSteps), 16);
      v128.store(to, i32x4.splat(y), 32);
      v128.store(to, i32x4.add(i32x4.splat(x), inSteps), 48);
      const lastX = x + 3 * d.inStepX + lastTapX;
      store<i32>(to, i32(y >= 0) & i32(y + lastTapY < d.inHeight) & i32(x >= 0) & i32(lastX < d.inWidth), 64);
      q += 4;
      if (q == d.gridWidth) {
        q = 0;
        if (++p == d.gridHeight) {
          p = 0;
          n++;
        }
      }
      continue;
    }
    let inside = 1;
    for (let r = 0; r < 4; r++) {
      const pixel = (first + m) * 4 + r;
      const y = p * d.inStepY + d.tapOriginY;
      const x = q * d.inStepX + d.tapOriginX;
      const outPixel = (n * d.outHeight + p * d.outStepY + d.outOriginY) * d.outWidth + q * d.outStepX + d.outOriginX;
      const at = to + (<usize>r << 2);
      store<u32>(at, pixel <= lastPixel ? d.output + <usize>(outPixel * d.outChannels) * 4 : dummy);
      store<u32>(at, d.input + <usize>(((n * d.inHeight + y) * d.inWidth + x) * d.inChannels) * 4, 16);
      store<i32>(at, y, 32);
      store<i32>(at, x, 48);
      inside &= i32(y >= 0) & i32(y + lastTapY < d.inHeight) & i32(x >= 0) & i32(x + lastTapX < d.inWidth);
      if (pixel >= lastPixel) continue;
      if (++q == d.gridWidth) {
        q = 0;
        if (++p == d.gridHeight) {
          p = 0;
          n++;
        }
      }
    }
    store<i32>(to, inside, 64);
  }
}

/** The address `base + delta` of pixel (y, x), or of zeros where there is no such pixel. */
// @ts-ignore: decorator
@inline
function pixelOr(d: Convolution, zeros: usize, base: u32, delta: usize, y: i32, x: i32): usize {
  return <u32>y < <u32>d.inHeight && <u32>x < <u32>d.inWidth ? <usize>base + delta : zeros;
}

/** Packs tap rows [firstRow, lastRow) of the four pixels. */
function packPanel(d: Convolution, at: Panel, firstRow: i32, lastRow: i32, to: usize, zeros: usize): void {
  const channels = d.inChannels;
  const columns = d.tapColumns;
  const contiguous = d.tapStepX == 1;
  const columnBytes = <usize>(d.tapStepX * channels) * 4;
  const rowBytes = <usize>(d.tapStepY * d.inWidth * channels) * 4;
  let delta = <usize>firstRow * rowBytes;
  for (let i = firstRow; i < lastRow; i++, delta += rowBytes) {
    if (at.inside && contiguous) {
      to = packRows4(
        to,
        <usize>at.in0 + delta,
        <usize>at.in1 + delta,
        <usize>at.in2 + delta,
        <usize>at.in3 + delta,
        columns * channels,
      );
      continue;
    }
    const dy = i * d.tapStepY;
    let tap = delta;
    for (let j = 0; j < columns; j++, tap += columnBytes) {
      const dx = j * d.tapStepX;
      to = packRows4(
        to,
        pixelOr(d, zeros, at.in0, tap, at.y0 + dy, at.x0 + dx),
        pixelOr(d, zeros, at.in1, tap, at.y1 + dy, at.x1 + dx),
        pixelOr(d, zeros, at.in2, tap, at.y2 + dy, at.x2 + dx),
        pixelOr(d, zeros, at.in3, tap, at.y3 + dy, at.x3 + dx),
        channels,
      );
    }
  }
}

/**
 * Scratch, in this order: zeros [inChannels], one output row [outChannels + 8], a tile, Panel [blockPanels], packed
 * panels [blockPanels][blockTapRows · tapColumns · inChannels][4], three vectors that packing may overwrite.
 */
export function convolution(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<Convolution>(descriptor);
  const zeros = scratch;
  const dummy = zeros + <usize>d.inChannels * 4;
  const tile = dummy + <usize>(d.outChannels + 8) * 4;
  const panels = tile + TILE_BYTES;
  const packed = panels + <usize>d.blockPanels * PANEL_BYTES;
  memory.fill(zeros, 0, <usize>d.inChannels * 4);

  const rowSteps = d.tapColumns * d.inChannels;
  const packedBytes = <usize>(d.blockTapRows * rowSteps) * 16;
  const weightPanelBytes = <usize>(d.tapRows * rowSteps) * 32;
  const infinity = f32.MAX_VALUE * 2;

  for (let block = begin; block < end; block += d.blockPanels) {
    const count = min(d.blockPanels, end - block);
    locatePanels(d, block, count, panels, dummy);
    for (let firstRow = 0; firstRow < d.tapRows; firstRow += d.blockTapRows) {
      const lastRow = min(firstRow + d.blockTapRows, d.tapRows);
      const k = (lastRow - firstRow) * rowSteps;
      const isLast = lastRow == d.tapRows;
      const start = firstRow > 0 ? FROM_OUTPUT : d.bias ? FROM_BIAS : FROM_ZERO;
      const lo = isLast ? d.lo : -infinity;
      const hi = isLast ? d.hi : infinity;
      for (let m = 0; m < count; m++) {
        const panel = changetype<Panel>(panels + <usize>m * PANEL_BYTES);
        packPanel(d, panel, firstRow, lastRow, packed + <usize>m * packedBytes, zeros);
      }
      let weights = d.weights + <usize>(firstRow * rowSteps) * 32;
      for (let column = 0; column < d.outChannels; column += 8) {
        const columns = min(8, d.outChannels - column);
        const columnBytes = <usize>column * 4;
        for (let m = 0; m < count; m++) {
          gemm4x8(
            k,
            packed + <usize>m * packedBytes,
            weights,
            panels + <usize>m * PANEL_BYTES,
            columnBytes,
            columns,
            start,
            d.bias + columnBytes,
            lo,
            hi,
            tile,
          );
        }
        weights += weightPanelBytes;
      }
    }
  }
}
