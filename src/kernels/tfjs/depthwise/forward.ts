/**
 * DepthwiseConv2dNative and FusedDepthwiseConv2D with one filter for each channel: y = clamp(x * w + bias), NHWC.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { clampOf } from "../../conv2d/clamp.ts";
import { type Epilogue, PLAIN } from "../../conv2d/implicit_gemm.ts";
import { depthwiseWork } from "../../depthwise/depthwise_work.ts";
import type { Shape4D } from "../../heap.ts";
import { allocateTensor, type TensorInfo } from "../backend_heap.ts";
import type { KernelArguments } from "../fallback/compose.ts";
import { type KernelContext, override } from "../override.ts";

interface DepthwiseAttributes {
  readonly strides: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly activation?: string;
}

/** The forward depthwise convolutions. */
export const DEPTHWISE_CONVOLUTIONS = [
  override<DepthwiseAttributes>("DepthwiseConv2dNative", (context, { inputs, attrs }) => {
    const { x, filter } = inputs as { x: TensorInfo; filter: TensorInfo };
    return convolve(context, x, filter, attrs, PLAIN);
  }),
  override<DepthwiseAttributes>("FusedDepthwiseConv2D", fusedDepthwise),
];

function fusedDepthwise(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<DepthwiseAttributes>,
): TensorInfo | undefined {
  const { x, filter, bias } = inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
  const clamp = clampOf(attrs.activation);
  if (clamp === undefined) return undefined;
  if (bias != null && (bias.shape.length !== 1 || bias.shape[0] !== filter.shape[2])) return undefined;
  return convolve(context, x, filter, attrs, {
    bias: bias == null ? 0 : context.heap.addressOf(bias.dataId),
    ...clamp,
  });
}

function convolve(
  context: KernelContext,
  x: TensorInfo,
  filter: TensorInfo,
  attrs: DepthwiseAttributes,
  epilogue: Epilogue,
): TensorInfo | undefined {
  if (x.dtype !== "float32" || filter.dtype !== "float32" || filter.shape[3] !== 1) return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as Shape4D,
    filter.shape as Shape4D,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
  if (
    info.outShape.some((size) => size <= 0) || filter.shape.includes(0) || info.inChannels !== filter.shape[2]
  ) {
    return undefined;
  }
  const output = allocateTensor(context.backend, info.outShape);
  context.dispatcher.run(depthwiseWork(context, x, filter, output, {
    size: [info.outHeight, info.outWidth],
    inStep: [info.strideHeight, info.strideWidth],
    tapOrigin: [-info.padInfo.top, -info.padInfo.left],
    tapStep: [info.dilationHeight, info.dilationWidth],
    outStep: [1, 1],
    outOrigin: [0, 0],
    taps: { start: [0, 0], step: [1, 1], count: [info.filterHeight, info.filterWidth] },
  }, epilogue));
  return output;
}
