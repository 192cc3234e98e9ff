/**
 * Conv2DBackpropInput: dx[n, h, w, c] = Σ_{i, j, k} dy[n, p, q, k] · w[i, j, c, k] over the taps with h = p·s + i - top.
 *
 * The pixels of dx with the same remainder modulo the stride use the same taps, so each such class is a convolution of
 * dy at stride 1 with those taps reversed, and no product with an inserted zero is ever computed.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { KernelArguments, Shape4D } from "../composed/compose.ts";
import { allocateTensor, clearTensor, type TensorInfo } from "../heap.ts";
import { type KernelContext, override } from "../override.ts";
import { axisClasses } from "./axis_classes.ts";
import { implicitGemm, packedWeights, PLAIN } from "./implicit_gemm.ts";
import { chooseTile, isWinograd, winograd } from "./winograd.ts";

interface InputGradientAttributes {
  readonly strides: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dataFormat: "NHWC" | "NCHW";
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly inputShape: Shape4D;
}

/** The gradient of a convolution with respect to its input. */
export const INPUT_GRADIENTS = [override<InputGradientAttributes>("Conv2DBackpropInput", inputGradient)];

function inputGradient(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<InputGradientAttributes>,
): TensorInfo | undefined {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  if (attrs.dataFormat !== "NHWC" || dy.dtype !== "float32" || filter.dtype !== "float32") return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    attrs.inputShape,
    filter.shape as Shape4D,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  if (dy.shape.includes(0) || filter.shape.includes(0) || attrs.inputShape.includes(0)) return undefined;
  // tf.conv2dTranspose lets through images that such a convolution does not make.
  if (!tf.util.arraysEqual(dy.shape, info.outShape)) return undefined;
  const dx = allocateTensor(context.backend, attrs.inputShape);
  context.deferred.defer(dx, [dy, filter], () => computeGradient(context, dy, filter, dx, info));
  return dx;
}

function computeGradient(
  context: KernelContext,
  dy: TensorInfo,
  filter: TensorInfo,
  dx: TensorInfo,
  info: tf.backend_util.Conv2DInfo,
): void {
  const tile = isWinograd(info) ? chooseTile(dy.shape as Shape4D, info.inShape) : undefined;
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
  if (someEmpty) clearTensor(context.backend, dx);
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
