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
import { addOuterProducts4x8 } from "./lib/outer_products_4x8";

/** Filled in by `filterGradientWords` of descriptors.ts, which is made from this class. */
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
          addOuterProducts4x8(
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
