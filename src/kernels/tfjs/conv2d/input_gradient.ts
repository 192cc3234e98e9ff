/**
 * Conv2DBackpropInput on NHWC images, computed when somebody first reads it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { inputGradient as launch } from "../../conv2d/input_gradient.ts";
import type { Shape4D } from "../../heap.ts";
import { allocateTensor, type TensorInfo } from "../backend_heap.ts";
import type { KernelArguments } from "../fallback/compose.ts";
import { type KernelContext, override } from "../override.ts";

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
  context.deferred.defer(dx, [dy, filter], () => launch(context, dy, filter, dx, info));
  return dx;
}
