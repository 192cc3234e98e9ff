/**
 * Gradient of a convolution with respect to its filter:
 *
 *     dw[i, j, c, k] = Σ_{n, p, q} x[n, p·s + i - top, q·s + j - left, c] · dy[n, p, q, k]
 *
 * A tile is 4 input channels by 8 output channels of one tap: the outer product of 4 neighbouring floats of x with 8 of dy,
 * summed over pixels. Both lie in memory as the tile wants them, so nothing is packed, and padding is left out by
 * the bounds of the loops. Sums are taken over strips of few rows, whose pixels stay in the first-level cache while
 * every tile reads them, and the sums of the strips are then added: that also keeps the rounding errors small.
 *
 * A unit is one tap with four input channels.
 */
import { endInside, firstInside } from "./lib/inside";
import { multiplyAdd } from "./lib/simd";

/** The layout is that of the fields in conv2d/filter_gradient.ts. */
@unmanaged
class FilterGradient {
  /** NHWC. */
  x: usize;
  /** NHWC. */
  dy: usize;
  /** HWIO. */
  dw: usize;
  batch: i32;
  inHeight: i32;
  inWidth: i32;
  inChannels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  filterWidth: i32;
  strideY: i32;
  strideX: i32;
  top: i32;
  left: i32;
  /** Rows of dy in one strip. */
  stripRows: i32;
}

/** Adds the first `columns` of the eight sums to a row of dw. */
// @ts-ignore: decorator
@inline
function addRow(to: usize, low: v128, high: v128, columns: i32, scratch: usize): void {
  if (columns >= 8) {
    v128.store(to, f32x4.add(v128.load(to), low));
    v128.store(to, f32x4.add(v128.load(to, 16), high), 16);
    return;
  }
  v128.store(scratch, low);
  v128.store(scratch, high, 16);
  for (let j: usize = 0; j < <usize>columns * 4; j += 4) {
    store<f32>(to + j, load<f32>(to + j) + load<f32>(scratch + j));
  }
}

/**
 * Adds to a tile of dw the products of `rows` x `columns` pixels.
 *
 * @param x Four channels of the first pixel of x.
 * @param dy Eight channels of the first pixel of dy.
 * @param to First element of the tile, in rows of `rowBytes`.
 * @param channels Rows of the tile to write, 1 to 4.
 * @param outputs Columns of the tile to write.
 */
function addTile(
  x: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  xStep: usize,
  dyStep: usize,
  xRowStep: usize,
  dyRowStep: usize,
  to: usize,
  rowBytes: usize,
  channels: i32,
  outputs: i32,
  scratch: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  do {
    let a = x;
    let b = dy;
    let rest = columns;
    do {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const four = v128.load(a);
      const a0 = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
      c00 = multiplyAdd(a0, b0, c00);
      c01 = multiplyAdd(a0, b1, c01);
      const a1 = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
      c10 = multiplyAdd(a1, b0, c10);
      c11 = multiplyAdd(a1, b1, c11);
      const a2 = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
      c20 = multiplyAdd(a2, b0, c20);
      c21 = multiplyAdd(a2, b1, c21);
      const a3 = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
      c30 = multiplyAdd(a3, b0, c30);
      c31 = multiplyAdd(a3, b1, c31);
      a += xStep;
      b += dyStep;
    } while (--rest);
    x += xRowStep;
    dy += dyRowStep;
  } while (--rows);
  addRow(to, c00, c01, outputs, scratch);
  if (channels > 1) addRow(to + rowBytes, c10, c11, outputs, scratch);
  if (channels > 2) addRow(to + 2 * rowBytes, c20, c21, outputs, scratch);
  if (channels > 3) addRow(to + 3 * rowBytes, c30, c31, outputs, scratch);
}

/** Scratch: 32 bytes. */
export function filterGradient(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<FilterGradient>(descriptor);
  const xStep = <usize>(d.strideX * d.inChannels) * 4;
  const dyStep = <usize>d.outChannels * 4;
  const xRowBytes = <usize>(d.inWidth * d.inChannels) * 4;
  const xRowStep = <usize>d.strideY * xRowBytes;
  const dyRowStep = <usize>d.outWidth * dyStep;
  const channelPanels = (d.inChannels + 3) / 4;

  for (let unit = begin; unit < end; unit++) {
    const tap = unit / channelPanels;
    const channel = (unit - tap * channelPanels) * 4;
    const channels = min(4, d.inChannels - channel);
    memory.fill(d.dw + <usize>(tap * d.inChannels + channel) * dyStep, 0, <usize>channels * dyStep);
  }
  for (let n = 0; n < d.batch; n++) {
    const image = d.x + <usize>(n * d.inHeight) * xRowBytes;
    const gradient = d.dy + <usize>(n * d.outHeight) * dyRowStep;
    for (let strip = 0; strip < d.outHeight; strip += d.stripRows) {
      const stripEnd = min(strip + d.stripRows, d.outHeight);
      for (let unit = begin; unit < end; unit++) {
        const tap = unit / channelPanels;
        const channel = (unit - tap * channelPanels) * 4;
        const i = tap / d.filterWidth;
        const j = tap - i * d.filterWidth;
        const p0 = max(strip, firstInside(i, d.top, d.strideY));
        const p1 = min(stripEnd, endInside(i, d.top, d.strideY, d.inHeight, d.outHeight));
        const q0 = firstInside(j, d.left, d.strideX);
        const q1 = endInside(j, d.left, d.strideX, d.inWidth, d.outWidth);
        if (p0 >= p1 || q0 >= q1) continue;
        const y = p0 * d.strideY + i - d.top;
        const x = q0 * d.strideX + j - d.left;
        const a = image + <usize>y * xRowBytes + <usize>(x * d.inChannels + channel) * 4;
        const b = gradient + <usize>p0 * dyRowStep + <usize>q0 * dyStep;
        const to = d.dw + <usize>(tap * d.inChannels + channel) * dyStep;
        const channels = min(4, d.inChannels - channel);
        for (let k = 0; k < d.outChannels; k += 8) {
          const bytes = <usize>k * 4;
          addTile(
            a,
            b + bytes,
            p1 - p0,
            q1 - q0,
            xStep,
            dyStep,
            xRowStep,
            dyRowStep,
            to + bytes,
            dyStep,
            channels,
            d.outChannels - k,
            scratch,
          );
        }
      }
    }
  }
}
