/**
 * The TypeScript side of `assembly/depthwise.as`. Layouts: images NHWC, filters [h, w, C, 1].
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import type { Epilogue, PixelGrid } from "../conv2d/implicit_gemm.ts";
import { depthwiseWords } from "../descriptors.ts";
import { NS_PER_MULTIPLY_ADD, type Work } from "../dispatch.ts";
import type { ArrayView, Shape4D } from "../heap.ts";

/** Bytes of a vector: what is stored in part goes through one, and what is read past the end of a row fits in one. */
const VECTOR_BYTES = 16;

/**
 * One call of `depthwise`.
 *
 * @param input NHWC [N, H, W, C].
 * @param filter [h, w, C, 1].
 * @param output NHWC [N, H', W', C].
 */
export function depthwiseWork(
  context: LaunchContext,
  input: ArrayView,
  filter: ArrayView,
  output: ArrayView,
  grid: PixelGrid,
  epilogue: Epilogue,
): Work {
  const [batch, inHeight, inWidth, channels] = input.shape as Shape4D;
  const [, outHeight, outWidth] = output.shape as Shape4D;
  return {
    kernel: "depthwise",
    units: batch * grid.size[0],
    costNs: batch * grid.size[0] * grid.size[1] * grid.taps.count[0] * grid.taps.count[1] * channels *
      NS_PER_MULTIPLY_ADD,
    splitsFreely: true,
    scratchBytes: 2 * VECTOR_BYTES + inWidth * channels * Float32Array.BYTES_PER_ELEMENT,
    words: depthwiseWords({
      input: context.heap.addressOf(input.dataId),
      filter: context.heap.addressOf(filter.dataId),
      bias: epilogue.bias,
      output: context.heap.addressOf(output.dataId),
      inHeight,
      inWidth,
      channels,
      outHeight,
      outWidth,
      filterWidth: filter.shape[1]!,
      gridHeight: grid.size[0],
      gridWidth: grid.size[1],
      inStepY: grid.inStep[0],
      inStepX: grid.inStep[1],
      tapOriginY: grid.tapOrigin[0],
      tapOriginX: grid.tapOrigin[1],
      tapStepY: grid.tapStep[0],
      tapStepX: grid.tapStep[1],
      outStepY: grid.outStep[0],
      outStepX: grid.outStep[1],
      outOriginY: grid.outOrigin[0],
      outOriginX: grid.outOrigin[1],
      filterStartY: grid.taps.start[0],
      filterStartX: grid.taps.start[1],
      filterStepY: grid.taps.step[0],
      filterStepX: grid.taps.step[1],
      tapRows: grid.taps.count[0],
      tapColumns: grid.taps.count[1],
      lo: epilogue.lo,
      hi: epilogue.hi,
    }),
  };
}
