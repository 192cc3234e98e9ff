/**
 * The gradient of a convolution with respect to its input: dx[n, h, w, c] = Σ_{i, j, k} dy[n, p, q, k] · w[i, j, c, k] over
 * the taps with h = p·s + i - top.
 *
 * The pixels of dx with the same remainder modulo the stride use the same taps, so each such class is a convolution of
 * dy at stride 1 with those taps reversed, and no product with an inserted zero is ever computed.
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { type ArrayView, clearArray, type Shape4D } from "../heap.ts";
import { gradientGrids } from "./axis_classes.ts";
import { implicitGemm, packedWeights, PLAIN } from "./implicit_gemm.ts";
import type { ConvolutionSizes } from "./sizes.ts";
import { chooseTile, isWinograd, winograd } from "./winograd.ts";

/** Writes dx of a convolution without dilation. */
export function inputGradient(
  context: LaunchContext,
  dy: ArrayView,
  filter: ArrayView,
  dx: ArrayView,
  info: ConvolutionSizes,
): void {
  const tile = isWinograd(info) ? chooseTile(dy.shape as Shape4D, dx.shape as Shape4D) : undefined;
  if (tile !== undefined) {
    const padding = [
      info.filterHeight - 1 - info.padInfo.top,
      info.filterWidth - 1 - info.padInfo.left,
    ] as const;
    winograd(context, { input: dy, filter, transposed: true, output: dx, padding, epilogue: PLAIN }, tile);
    return;
  }
  const { grids, leavesGaps } = gradientGrids(info);
  if (leavesGaps) clearArray(context.heap, dx);
  for (const grid of grids) {
    const weights = packedWeights(context, filter, grid.taps, true);
    context.dispatcher.run(implicitGemm(context, dy, weights, dx, grid, PLAIN));
  }
}
