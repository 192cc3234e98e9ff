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
import { axisClasses } from "./axis_classes.ts";
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
  const stride = [info.strideHeight, info.strideWidth] as const;
  const rows = axisClasses(info.inHeight, info.filterHeight, stride[0], info.padInfo.top);
  const columns = axisClasses(info.inWidth, info.filterWidth, stride[1], info.padInfo.left);
  const someEmpty = [...rows, ...columns].some((axis) => axis.tapCount === 0);
  if (someEmpty) clearArray(context.heap, dx);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      if (row.tapCount * column.tapCount * row.gridSize * column.gridSize === 0) return;
      const taps = {
        start: [row.tapStart, column.tapStart],
        step: [-stride[0], -stride[1]],
        count: [row.tapCount, column.tapCount],
      } as const;
      const weights = packedWeights(context, filter, taps, true);
      context.dispatcher.run(implicitGemm(context, dy, weights, dx, {
        size: [row.gridSize, column.gridSize],
        inStep: [1, 1],
        tapOrigin: [row.origin, column.origin],
        tapStep: [1, 1],
        outStep: stride,
        outOrigin: [y, x],
        taps,
      }, PLAIN));
    });
  });
}
