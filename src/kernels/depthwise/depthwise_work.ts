/**
 * The TypeScript side of `assembly/depthwise.as`. Layouts: images NHWC, filters [h, w, C, 1].
 *
 * @module
 */
import type { Shape4D } from "../composed/compose.ts";
import type { Epilogue, PixelGrid } from "../conv2d/implicit_gemm.ts";
import { floatField, NS_PER_MULTIPLY_ADD, type Work } from "../dispatch.ts";
import { byteOffset, type TensorInfo } from "../heap.ts";
import type { KernelContext } from "../override.ts";

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
  context: KernelContext,
  input: TensorInfo,
  filter: TensorInfo,
  output: TensorInfo,
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
    fields: [
      byteOffset(context.backend, input),
      byteOffset(context.backend, filter),
      epilogue.bias,
      byteOffset(context.backend, output),
      inHeight,
      inWidth,
      channels,
      outHeight,
      outWidth,
      filter.shape[1]!,
      ...grid.size,
      ...grid.inStep,
      ...grid.tapOrigin,
      ...grid.tapStep,
      ...grid.outStep,
      ...grid.outOrigin,
      ...grid.taps.start,
      ...grid.taps.step,
      ...grid.taps.count,
      floatField(epilogue.lo),
      floatField(epilogue.hi),
    ],
  };
}
