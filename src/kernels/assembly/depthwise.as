/**
 * Depthwise convolution with one filter for each channel, straight from NHWC: four channels at a time. With the taps
 * reversed it is also the gradient with respect to the input.
 *
 * A 3x3 filter stays in nine registers while a row of pixels passes by. At stride 1 each column of three pixels is loaded
 * once and serves three outputs. Other filters take four neighbouring pixels at a time, so that a vector of weights
 * serves four.
 *
 * A unit is one row of the grid, counted over the batch.
 */
import { multiplyAdd } from "./lib/simd";

/** Filled in by `depthwiseWords` of descriptors.ts, which is made from this class. */
@unmanaged
class Depthwise {
  /** Images, NHWC. */
  input: usize;
  /** [filterHeight, filterWidth, channels]. */
  filter: usize;
  /** Per channel, or 0. */
  bias: usize;
  /** Images, NHWC. */
  output: usize;
  inHeight: i32;
  inWidth: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  filterWidth: i32;
  gridHeight: i32;
  gridWidth: i32;
  /** Grid pixel (p, q) reads, for tap (t, u), input pixel (p·inStepY + tapOriginY + t·tapStepY, ...). */
  inStepY: i32;
  inStepX: i32;
  tapOriginY: i32;
  tapOriginX: i32;
  tapStepY: i32;
  tapStepX: i32;
  /** Grid pixel (p, q) writes output pixel (p·outStepY + outOriginY, q·outStepX + outOriginX). */
  outStepY: i32;
  outStepX: i32;
  outOriginY: i32;
  outOriginX: i32;
  /** Tap (t, u) is filter element (filterStartY + t·filterStepY, filterStartX + u·filterStepX). */
  filterStartY: i32;
  filterStartX: i32;
  filterStepY: i32;
  filterStepX: i32;
  tapRows: i32;
  tapColumns: i32;
  lo: f32;
  hi: f32;
}

/** Clamps and writes four channels, or the first `lanes` of them. */
// @ts-ignore: decorator
@inline
function storePixel(d: Depthwise, to: usize, sum: v128, lanes: i32, scratch: usize): void {
  const y = f32x4.pmin(f32x4.pmax(sum, f32x4.splat(d.lo)), f32x4.splat(d.hi));
  if (lanes >= 4) {
    v128.store(to, y);
  } else {
    v128.store(scratch, y);
    for (let l: usize = 0; l < <usize>lanes * 4; l += 4) store<f32>(to + l, load<f32>(scratch + l));
  }
}

/** One pixel, whose taps may lie outside. */
function borderPixel(d: Depthwise, image: usize, y0: i32, x0: i32, channel: i32, filter: usize): v128 {
  const bytes = <usize>channel * 4;
  let sum = d.bias ? v128.load(d.bias + bytes) : f32x4.splat(0);
  for (let t = 0; t < d.tapRows; t++) {
    const y = y0 + t * d.tapStepY;
    if (<u32>y >= <u32>d.inHeight) continue;
    for (let u = 0; u < d.tapColumns; u++) {
      const x = x0 + u * d.tapStepX;
      if (<u32>x >= <u32>d.inWidth) continue;
      const tap = t * d.filterStepY * d.filterWidth + u * d.filterStepX;
      const a = v128.load(image + <usize>((y * d.inWidth + x) * d.channels) * 4 + bytes);
      sum = multiplyAdd(a, v128.load(filter + <usize>(tap * d.channels) * 4 + bytes), sum);
    }
  }
  return sum;
}

/** Adds the products of a column of three pixels with a column of weights; nothing where the column is outside. */
// @ts-ignore: decorator
@inline
function addColumn(inside: bool, at0: usize, at1: usize, at2: usize, w0: v128, w1: v128, w2: v128, sum: v128): v128 {
  if (!inside) return sum;
  return multiplyAdd(v128.load(at2), w2, multiplyAdd(v128.load(at1), w1, multiplyAdd(v128.load(at0), w0, sum)));
}

/**
 * 3x3 taps on a whole row of the grid, four channels.
 *
 * @param in0 The first channel of column 0 of the three input rows.
 * @param w First weights, in rows of `filterRowBytes` and columns of `filterColumnBytes`.
 */
function row3x3(
  d: Depthwise,
  in0: usize,
  in1: usize,
  in2: usize,
  w: usize,
  filterRowBytes: usize,
  filterColumnBytes: usize,
  bias: v128,
  to: usize,
  lanes: i32,
  scratch: usize,
): void {
  const w00 = v128.load(w);
  const w01 = v128.load(w + filterColumnBytes);
  const w02 = v128.load(w + 2 * filterColumnBytes);
  w += filterRowBytes;
  const w10 = v128.load(w);
  const w11 = v128.load(w + filterColumnBytes);
  const w12 = v128.load(w + 2 * filterColumnBytes);
  w += filterRowBytes;
  const w20 = v128.load(w);
  const w21 = v128.load(w + filterColumnBytes);
  const w22 = v128.load(w + 2 * filterColumnBytes);
  const width = <u32>d.inWidth;
  const channelBytes = <usize>d.channels * 4;
  const toBytes = <usize>d.outStepX * channelBytes;
  let x = d.tapOriginX;
  let at = <usize>x * channelBytes;
  if (d.inStepX != d.tapStepX) {
    const tap = <usize>d.tapStepX * channelBytes;
    for (let q = d.gridWidth; q > 0; q--) {
      let sum = addColumn(<u32>x < width, in0 + at, in1 + at, in2 + at, w00, w10, w20, bias);
      const x1 = x + d.tapStepX;
      const at1 = at + tap;
      sum = addColumn(<u32>x1 < width, in0 + at1, in1 + at1, in2 + at1, w01, w11, w21, sum);
      const x2 = x1 + d.tapStepX;
      const at2 = at1 + tap;
      sum = addColumn(<u32>x2 < width, in0 + at2, in1 + at2, in2 + at2, w02, w12, w22, sum);
      storePixel(d, to, sum, lanes, scratch);
      x += d.inStepX;
      at += <usize>d.inStepX * channelBytes;
      to += toBytes;
    }
    return;
  }
  const step = <usize>d.inStepX * channelBytes;
  // `first` has two of its columns, `second` one.
  let first = addColumn(<u32>x < width, in0 + at, in1 + at, in2 + at, w00, w10, w20, bias);
  x += d.inStepX;
  at += step;
  let second = bias;
  if (<u32>x < width) {
    first = addColumn(true, in0 + at, in1 + at, in2 + at, w01, w11, w21, first);
    second = addColumn(true, in0 + at, in1 + at, in2 + at, w00, w10, w20, bias);
  }
  for (let q = d.gridWidth; q > 0; q--) {
    x += d.inStepX;
    at += step;
    let third = bias;
    if (<u32>x < width) {
      const a = v128.load(in0 + at);
      const b = v128.load(in1 + at);
      const c = v128.load(in2 + at);
      first = multiplyAdd(c, w22, multiplyAdd(b, w12, multiplyAdd(a, w02, first)));
      second = multiplyAdd(c, w21, multiplyAdd(b, w11, multiplyAdd(a, w01, second)));
      third = multiplyAdd(c, w20, multiplyAdd(b, w10, multiplyAdd(a, w00, third)));
    }
    storePixel(d, to, first, lanes, scratch);
    first = second;
    second = third;
    to += toBytes;
  }
}

/** Four neighbouring pixels whose taps are all inside in x, any filter; all channels. */
function fourPixels(
  d: Depthwise,
  image: usize,
  y0: i32,
  x0: i32,
  filter: usize,
  to: usize,
  scratch: usize,
): void {
  const channelBytes = <usize>d.channels * 4;
  const inPixelBytes = <usize>d.inStepX * channelBytes;
  const outPixelBytes = <usize>d.outStepX * channelBytes;
  const tapBytes = <usize>d.tapStepX * channelBytes;
  const filterTapBytes = <usize>d.filterStepX * channelBytes;
  for (let c = 0; c < d.channels; c += 4) {
    const bytes = <usize>c * 4;
    let s0 = d.bias ? v128.load(d.bias + bytes) : f32x4.splat(0);
    let s1 = s0, s2 = s0, s3 = s0;
    for (let t = 0; t < d.tapRows; t++) {
      const y = y0 + t * d.tapStepY;
      if (<u32>y >= <u32>d.inHeight) continue;
      let a0 = image + <usize>(y * d.inWidth + x0) * channelBytes + bytes;
      let a1 = a0 + inPixelBytes;
      let a2 = a1 + inPixelBytes;
      let a3 = a2 + inPixelBytes;
      let w = filter + <usize>(t * d.filterStepY * d.filterWidth) * channelBytes + bytes;
      for (let u = 0; u < d.tapColumns; u++) {
        const weights = v128.load(w);
        s0 = multiplyAdd(v128.load(a0), weights, s0);
        s1 = multiplyAdd(v128.load(a1), weights, s1);
        s2 = multiplyAdd(v128.load(a2), weights, s2);
        s3 = multiplyAdd(v128.load(a3), weights, s3);
        a0 += tapBytes;
        a1 += tapBytes;
        a2 += tapBytes;
        a3 += tapBytes;
        w += filterTapBytes;
      }
    }
    const lanes = d.channels - c;
    storePixel(d, to + bytes, s0, lanes, scratch);
    storePixel(d, to + bytes + outPixelBytes, s1, lanes, scratch);
    storePixel(d, to + bytes + 2 * outPixelBytes, s2, lanes, scratch);
    storePixel(d, to + bytes + 3 * outPixelBytes, s3, lanes, scratch);
  }
}

/** Scratch: 16 bytes, and a row of zeros [inWidth][channels], rounded up to whole vectors. */
export function depthwise(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<Depthwise>(descriptor);
  const channelBytes = <usize>d.channels * 4;
  const inRowBytes = <usize>d.inWidth * channelBytes;
  const outPixelBytes = <usize>d.outStepX * channelBytes;
  const filter = d.filter + <usize>(d.filterStartY * d.filterWidth + d.filterStartX) * channelBytes;
  const filterRowBytes = <usize>(d.filterStepY * d.filterWidth) * channelBytes;
  const filterColumnBytes = <usize>d.filterStepX * channelBytes;
  const lastTapX = (d.tapColumns - 1) * d.tapStepX;
  const is3x3 = d.tapRows == 3 && d.tapColumns == 3;
  const zeros = scratch + 16;
  if (is3x3) memory.fill(zeros, 0, inRowBytes + 16);

  for (let unit = begin; unit < end; unit++) {
    const n = unit / d.gridHeight;
    const p = unit - n * d.gridHeight;
    const image = d.input + <usize>(n * d.inHeight) * inRowBytes;
    const y0 = p * d.inStepY + d.tapOriginY;
    const outRow = (n * d.outHeight + p * d.outStepY + d.outOriginY) * d.outWidth + d.outOriginX;
    let to = d.output + <usize>outRow * channelBytes;
    if (is3x3) {
      const y1 = y0 + d.tapStepY;
      const y2 = y1 + d.tapStepY;
      const height = <u32>d.inHeight;
      const in0 = <u32>y0 < height ? image + <usize>y0 * inRowBytes : zeros;
      const in1 = <u32>y1 < height ? image + <usize>y1 * inRowBytes : zeros;
      const in2 = <u32>y2 < height ? image + <usize>y2 * inRowBytes : zeros;
      for (let c = 0; c < d.channels; c += 4) {
        const bytes = <usize>c * 4;
        const bias = d.bias ? v128.load(d.bias + bytes) : f32x4.splat(0);
        row3x3(
          d, in0 + bytes, in1 + bytes, in2 + bytes, filter + bytes, filterRowBytes, filterColumnBytes, bias,
          to + bytes, d.channels - c, scratch,
        );
      }
      continue;
    }
    for (let q = 0; q < d.gridWidth;) {
      const x0 = q * d.inStepX + d.tapOriginX;
      if (q + 4 <= d.gridWidth && x0 >= 0 && x0 + 3 * d.inStepX + lastTapX < d.inWidth) {
        fourPixels(d, image, y0, x0, filter, to, scratch);
        to += 4 * outPixelBytes;
        q += 4;
        continue;
      }
      for (let c = 0; c < d.channels; c += 4) {
        storePixel(d, to + <usize>c * 4, borderPixel(d, image, y0, x0, c, filter), d.channels - c, scratch);
      }
      to += outPixelBytes;
      q++;
    }
  }
}
