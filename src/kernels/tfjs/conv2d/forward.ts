/**
 * Conv2D and FusedConv2D on NHWC images: y = clamp(x * w + bias).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { clampOf } from "../../conv2d/clamp.ts";
import {
  type Epilogue,
  implicitGemm,
  packedWeights,
  type PixelGrid,
  PLAIN,
} from "../../conv2d/implicit_gemm.ts";
import { chooseTile, isWinograd, winograd } from "../../conv2d/winograd.ts";
import type { Shape4D } from "../../heap.ts";
import { allocateTensor, type TensorInfo } from "../backend_heap.ts";
import type { KernelArguments } from "../fallback/compose.ts";
import { type KernelContext, override } from "../override.ts";

interface Conv2DAttributes {
  readonly strides: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dilations: number | [number, number];
  readonly dataFormat: "NHWC" | "NCHW";
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

interface FusedConv2DAttributes extends Conv2DAttributes {
  readonly activation?: string;
}

/** The forward convolutions. */
export const FORWARD_CONVOLUTIONS = [
  override<Conv2DAttributes>("Conv2D", (context, args) => {
    const { x, filter } = args.inputs as { x: TensorInfo; filter: TensorInfo };
    return convolve(context, x, filter, args.attrs, PLAIN);
  }),
  override<FusedConv2DAttributes>("FusedConv2D", fusedConv2D),
];

function fusedConv2D(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<FusedConv2DAttributes>,
): TensorInfo | undefined {
  const { x, filter, bias } = inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
  const clamp = clampOf(attrs.activation);
  if (clamp === undefined) return undefined;
  // The stock kernel words the error of a bias that does not fit.
  if (bias != null && (bias.shape.length !== 1 || bias.shape[0] !== filter.shape[3])) return undefined;
  const epilogue = { bias: bias == null ? 0 : context.heap.addressOf(bias.dataId), ...clamp };
  return convolve(context, x, filter, attrs, epilogue);
}

function convolve(
  context: KernelContext,
  x: TensorInfo,
  filter: TensorInfo,
  attrs: Conv2DAttributes,
  epilogue: Epilogue,
): TensorInfo | undefined {
  if (attrs.dataFormat !== "NHWC" || x.dtype !== "float32" || filter.dtype !== "float32") return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as Shape4D,
    filter.shape as Shape4D,
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  if (
    info.outShape.some((size) => size <= 0) || filter.shape.includes(0) || info.inChannels !== filter.shape[2]
  ) {
    return undefined;
  }
  const output = allocateTensor(context.backend, info.outShape);
  const padding = [info.padInfo.top, info.padInfo.left] as const;
  const tile = isWinograd(info) ? chooseTile(x.shape as Shape4D, info.outShape) : undefined;
  if (tile !== undefined) {
    winograd(context, { input: x, filter, transposed: false, output, padding, epilogue }, tile);
    return output;
  }
  const grid: PixelGrid = {
    size: [info.outHeight, info.outWidth],
    inStep: [info.strideHeight, info.strideWidth],
    tapOrigin: [-padding[0], -padding[1]],
    tapStep: [info.dilationHeight, info.dilationWidth],
    outStep: [1, 1],
    outOrigin: [0, 0],
    taps: { start: [0, 0], step: [1, 1], count: [info.filterHeight, info.filterWidth] },
  };
  const weights = packedWeights(context, filter, grid.taps, false);
  context.dispatcher.run(implicitGemm(context, x, weights, output, grid, epilogue));
  return output;
}
