/**
 * The gradient of a convolution with respect to its filter, composed from kernels that the wasm backend has. It is the
 * plain reference for the fast kernel and serves where there is no SIMD.
 *
 * dw[i, j, c, k] = Σ_{n, p, q} x[n, p·s + i·d - top, q·s + j·d - left, c] · dy[n, p, q, k]
 *
 * which is itself a convolution, with the roles exchanged: images are the channels of x, the batch is the channel, dy is
 * the filter, the stride s becomes the dilation and the dilation d the stride. So one stock Conv2D does all the
 * arithmetic, between transposes:
 *
 *     xᵀ [C, H, W, N]  *  dyᵀ [P, Q, N, K]  ->  [C, kh, kw, K]  ->  HWIO [kh, kw, C, K]
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Shape4D } from "../../heap.ts";
import type { TensorInfo } from "../backend_heap.ts";
import { type Call, compose, type KernelArguments } from "./compose.ts";

/** Attributes of the kernel, as `tf.conv2d`'s gradient passes them. */
export interface FilterGradientAttributes {
  readonly strides: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dataFormat: "NHWC" | "NCHW";
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly filterShape: Shape4D;
}

/**
 * Conv2DBackpropFilter.
 *
 * @returns dw, HWIO `filterShape`.
 * @throws {Error} when the images are NCHW.
 */
export function conv2dFilterGradient(args: KernelArguments<FilterGradientAttributes>): TensorInfo {
  const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo };
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = args.attrs;
  if (dataFormat !== "NHWC") {
    throw new Error(`Cannot compute Conv2DBackpropFilter on ${dataFormat}, only NHWC`);
  }
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as Shape4D,
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth } =
    info;
  const { top, left } = info.padInfo;
  // What the exchanged convolution reads, so that its output is exactly kh x kw; a strided one may leave rows unread.
  const readHeight = (outHeight - 1) * strideHeight + filterHeight;
  const readWidth = (outWidth - 1) * strideWidth + filterWidth;
  const [batch, , , inChannels] = x.shape as Shape4D;
  const outChannels = info.outChannels;
  return compose(args.backend, (call) => {
    if (readHeight <= top || readWidth <= left) { // nothing but padding is read
      return call("Fill", {}, { shape: filterShape, value: 0, dtype: "float32" });
    }
    const used = crop(call, x, Math.min(inHeight, readHeight - top), Math.min(inWidth, readWidth - left));
    const [, height, width] = used.shape as Shape4D;
    const flatX = reshape(call, used, [batch, height * width, inChannels]);
    const channelsFirst = call("Transpose", { x: flatX }, { perm: [2, 1, 0] });
    const flatDy = reshape(call, dy, [batch, outHeight * outWidth, outChannels]);
    const pixelsFirst = call("Transpose", { x: flatDy }, { perm: [1, 0, 2] });
    const gradient = call("Conv2D", {
      x: reshape(call, channelsFirst, [inChannels, height, width, batch]),
      filter: reshape(call, pixelsFirst, [outHeight, outWidth, batch, outChannels]),
    }, {
      strides: 1,
      dilations: [strideHeight, strideWidth],
      dataFormat: "NHWC",
      pad: [[0, 0], [top, readHeight - top - height], [left, readWidth - left - width], [0, 0]],
    }); // [C, kh, kw, K]
    const flat = reshape(call, gradient, [inChannels, filterHeight * filterWidth, outChannels]);
    return reshape(call, call("Transpose", { x: flat }, { perm: [1, 0, 2] }), filterShape);
  });
}

/** The upper left `height` x `width` of NHWC images; the images themselves when that is all of them. */
function crop(call: Call, x: TensorInfo, height: number, width: number): TensorInfo {
  const [batch, inHeight, inWidth, channels] = x.shape as Shape4D;
  if (height === inHeight && width === inWidth) return x;
  return call("Slice", { x }, { begin: [0, 0, 0, 0], size: [batch, height, width, channels] });
}

/** The same data under another shape. */
export function reshape(call: Call, x: TensorInfo, shape: number[]): TensorInfo {
  return call("Reshape", { x }, { shape });
}
