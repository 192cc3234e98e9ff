/**
 * Depthwise convolution with one filter for each channel, straight from NHWC: four neighbouring pixels of a grid by four
 * channels at a time, where a vector of weights serves four pixels. With the taps reversed it is also the gradient
 * with respect to the input.
 *
 * A unit is one row of the grid, counted over the batch.
 */
import { multiplyAdd } from "./lib/simd";

/** The layout is that of `depthwiseFields` in depthwise/depthwise_work.ts. */
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

/** Scratch: 16 bytes. */
export function depthwise(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<Depthwise>(descriptor);
  const channelBytes = <usize>d.channels * 4;
  const inPixelBytes = <usize>d.inStepX * channelBytes;
  const outPixelBytes = <usize>d.outStepX * channelBytes;
  const tapBytes = <usize>d.tapStepX * channelBytes;
  const filterTapBytes = <usize>d.filterStepX * channelBytes;
  const filter = d.filter + <usize>(d.filterStartY * d.filterWidth + d.filterStartX) * channelBytes;
  const lastTapX = (d.tapColumns - 1) * d.tapStepX;

  for (let unit = begin; unit < end; unit++) {
    const n = unit / d.gridHeight;
    const p = unit - n * d.gridHeight;
    const image = d.input + <usize>(n * d.inHeight * d.inWidth) * channelBytes;
    const y0 = p * d.inStepY + d.tapOriginY;
    const outRow = (n * d.outHeight + p * d.outStepY + d.outOriginY) * d.outWidth + d.outOriginX;
    let to = d.output + <usize>outRow * channelBytes;
    for (let q = 0; q < d.gridWidth;) {
      const x0 = q * d.inStepX + d.tapOriginX;
      const four = q + 4 <= d.gridWidth && x0 >= 0 && x0 + 3 * d.inStepX + lastTapX < d.inWidth;
      if (!four) {
        for (let c = 0; c < d.channels; c += 4) {
          storePixel(d, to + <usize>c * 4, borderPixel(d, image, y0, x0, c, filter), d.channels - c, scratch);
        }
        to += outPixelBytes;
        q++;
        continue;
      }
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
      to += 4 * outPixelBytes;
      q += 4;
    }
  }
}
