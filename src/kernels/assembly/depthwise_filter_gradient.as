/**
 * Gradient of a depthwise convolution with one filter for each channel, with respect to the filter:
 *
 *     dw[i, j, c] = Σ_{n, p, q} x[n, p·s + i·d - top, q·s + j·d - left, c] · dy[n, p, q, c]
 *
 * Sums run over strips of few rows, whose pixels stay in the first-level cache while every tap reads them; the sums of
 * the strips are then added. A unit is one tap with sixteen channels.
 */
import { endInside, firstInside } from "./lib/inside";
import { multiplyAdd } from "./lib/simd";

/** Filled in by `depthwiseFilterGradientWords` of descriptors.ts, which is made from this class. */
@unmanaged
class DepthwiseFilterGradient {
  /** NHWC. */
  x: usize;
  /** NHWC. */
  dy: usize;
  /** [filterHeight, filterWidth, channels]. */
  dw: usize;
  batch: i32;
  inHeight: i32;
  inWidth: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  filterWidth: i32;
  strideY: i32;
  strideX: i32;
  dilationY: i32;
  dilationX: i32;
  top: i32;
  left: i32;
  /** Rows of dy in one strip. */
  stripRows: i32;
}

/** Adds the sums over `rows` x `columns` pixels of sixteen channels to `to`. */
function addSixteen(
  x: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  xStep: usize,
  dyStep: usize,
  xRowStep: usize,
  dyRowStep: usize,
  to: usize,
): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (let p = 0; p < rows; p++) {
    let a = x + <usize>p * xRowStep;
    let b = dy + <usize>p * dyRowStep;
    for (let q = 0; q < columns; q++) {
      s0 = multiplyAdd(v128.load(a), v128.load(b), s0);
      s1 = multiplyAdd(v128.load(a, 16), v128.load(b, 16), s1);
      s2 = multiplyAdd(v128.load(a, 32), v128.load(b, 32), s2);
      s3 = multiplyAdd(v128.load(a, 48), v128.load(b, 48), s3);
      a += xStep;
      b += dyStep;
    }
  }
  v128.store(to, f32x4.add(v128.load(to), s0));
  v128.store(to, f32x4.add(v128.load(to, 16), s1), 16);
  v128.store(to, f32x4.add(v128.load(to, 32), s2), 32);
  v128.store(to, f32x4.add(v128.load(to, 48), s3), 48);
}

/** The same for up to four channels. */
function addFour(
  x: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  xStep: usize,
  dyStep: usize,
  xRowStep: usize,
  dyRowStep: usize,
  to: usize,
  lanes: i32,
  scratch: usize,
): void {
  let sum = f32x4.splat(0);
  for (let p = 0; p < rows; p++) {
    let a = x + <usize>p * xRowStep;
    let b = dy + <usize>p * dyRowStep;
    for (let q = 0; q < columns; q++) {
      sum = multiplyAdd(v128.load(a), v128.load(b), sum);
      a += xStep;
      b += dyStep;
    }
  }
  v128.store(scratch, sum);
  for (let l: usize = 0; l < <usize>min(lanes, 4) * 4; l += 4) {
    store<f32>(to + l, load<f32>(to + l) + load<f32>(scratch + l));
  }
}

/** Scratch: 16 bytes. */
export function depthwiseFilterGradient(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<DepthwiseFilterGradient>(descriptor);
  const pixelBytes = <usize>d.channels * 4;
  const xStep = <usize>d.strideX * pixelBytes;
  const xRowBytes = <usize>d.inWidth * pixelBytes;
  const xRowStep = <usize>d.strideY * xRowBytes;
  const dyRowStep = <usize>d.outWidth * pixelBytes;
  const panels = (d.channels + 15) / 16;

  for (let unit = begin; unit < end; unit++) {
    const tap = unit / panels;
    const channel = (unit - tap * panels) * 16;
    const count = min(16, d.channels - channel);
    memory.fill(d.dw + <usize>tap * pixelBytes + <usize>channel * 4, 0, <usize>count * 4);
  }
  for (let n = 0; n < d.batch; n++) {
    const image = d.x + <usize>(n * d.inHeight) * xRowBytes;
    const gradient = d.dy + <usize>(n * d.outHeight) * dyRowStep;
    for (let strip = 0; strip < d.outHeight; strip += d.stripRows) {
      const stripEnd = min(strip + d.stripRows, d.outHeight);
      for (let unit = begin; unit < end; unit++) {
        const tap = unit / panels;
        const channel = (unit - tap * panels) * 16;
        const i = tap / d.filterWidth;
        const y = i * d.dilationY;
        const x = (tap - i * d.filterWidth) * d.dilationX;
        const p0 = max(strip, firstInside(y, d.top, d.strideY));
        const p1 = min(stripEnd, endInside(y, d.top, d.strideY, d.inHeight, d.outHeight));
        const q0 = firstInside(x, d.left, d.strideX);
        const q1 = endInside(x, d.left, d.strideX, d.inWidth, d.outWidth);
        if (p0 >= p1 || q0 >= q1) continue;
        const rows = p1 - p0;
        const columns = q1 - q0;
        const bytes = <usize>channel * 4;
        const row = p0 * d.strideY + y - d.top;
        const column = q0 * d.strideX + x - d.left;
        const a = image + <usize>row * xRowBytes + <usize>column * pixelBytes + bytes;
        const b = gradient + <usize>p0 * dyRowStep + <usize>q0 * pixelBytes + bytes;
        const to = d.dw + <usize>tap * pixelBytes + bytes;
        const count = d.channels - channel;
        if (count >= 16) {
          addSixteen(a, b, rows, columns, xStep, pixelBytes, xRowStep, dyRowStep, to);
          continue;
        }
        for (let c = 0; c < count; c += 4) {
          const at = <usize>c * 4;
          addFour(
            a + at, b + at, rows, columns, xStep, pixelBytes, xRowStep, dyRowStep, to + at, count - c, scratch,
          );
        }
      }
    }
  }
}
