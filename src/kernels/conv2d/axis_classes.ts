/**
 * The gradient of a strided convolution with respect to its input, taken apart: along an axis, the pixels of dx with the
 * same remainder modulo the stride use the same taps, h = p·s + i - before. Each such class is a convolution of dy at stride
 * 1 with those taps reversed, so that no product with an inserted zero is ever computed.
 *
 * @module
 */

import type { PixelGrid } from "./implicit_gemm.ts";
import type { ConvolutionSizes } from "./sizes.ts";

/** The taps of one remainder along one axis, and where they read. */
interface AxisClass {
  /** How many pixels of dx have this remainder. */
  readonly gridSize: number;
  /** The last tap that they use; the others are a stride apart, down to the first. */
  readonly tapStart: number;
  /** How many taps they use. */
  readonly tapCount: number;
  /** Pixel of dy that the first tap of the first grid pixel reads. */
  readonly origin: number;
}

/**
 * For each remainder r of an axis: tap i meets it when (r + before - i) is a multiple of the stride, and then reads
 * pixel p + (r + before - i) / stride of dy. The taps are taken from the last to the first, so that these pixels ascend.
 */
function axisClasses(inSize: number, filterSize: number, stride: number, before: number): AxisClass[] {
  return Array.from({ length: stride }, (_, remainder) => {
    const firstTap = (remainder + before) % stride;
    const tapCount = firstTap < filterSize ? Math.floor((filterSize - 1 - firstTap) / stride) + 1 : 0;
    const tapStart = firstTap + (tapCount - 1) * stride;
    return {
      gridSize: Math.max(0, Math.ceil((inSize - remainder) / stride)),
      tapStart,
      tapCount,
      origin: (remainder + before - tapStart) / stride,
    };
  });
}

/** The pixels of dx, class by class. */
export interface GradientGrids {
  /** Each a convolution of dy. */
  readonly grids: readonly PixelGrid[];
  /** Whether some pixels of dx are in no grid, since no tap meets them: they are zero. */
  readonly leavesGaps: boolean;
}

/** How to compute dx of a convolution without dilation. */
export function gradientGrids(info: ConvolutionSizes): GradientGrids {
  const stride = [info.strideHeight, info.strideWidth] as const;
  const rows = axisClasses(info.inHeight, info.filterHeight, stride[0], info.padInfo.top);
  const columns = axisClasses(info.inWidth, info.filterWidth, stride[1], info.padInfo.left);
  const grids = rows.flatMap((row, y) =>
    columns.map((column, x): PixelGrid => ({
      size: [row.gridSize, column.gridSize],
      inStep: [1, 1],
      tapOrigin: [row.origin, column.origin],
      tapStep: [1, 1],
      outStep: stride,
      outOrigin: [y, x],
      taps: {
        start: [row.tapStart, column.tapStart],
        step: [-stride[0], -stride[1]],
        count: [row.tapCount, column.tapCount],
      },
    }))
  );
  return {
    grids: grids.filter(({ size, taps: { count } }) => size[0] * size[1] * count[0] * count[1] > 0),
    leavesGaps: [...rows, ...columns].some(({ tapCount }) => tapCount === 0),
  };
}
