/**
 * The two gradients of a depthwise convolution, composed from kernels that the wasm backend has: plain references for the
 * fast kernels, and what serves where there is no SIMD. Layouts: images NHWC, filters [h, w, C, M], output channel c·M + m.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Shape4D } from "../../heap.ts";
import type { TensorInfo } from "../backend_heap.ts";
import { type Call, compose, type KernelArguments } from "./compose.ts";
import { reshape } from "./conv2d_filter_gradient.ts";

/** What both gradients are told of the convolution. */
export interface DepthwiseAttributes {
  readonly strides: number | [number, number];
  readonly dilations?: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** Attributes of DepthwiseConv2dNativeBackpropFilter. */
export interface DepthwiseFilterGradientAttributes extends DepthwiseAttributes {
  readonly filterShape: Shape4D;
}

/** Attributes of DepthwiseConv2dNativeBackpropInput. */
export interface DepthwiseInputGradientAttributes extends DepthwiseAttributes {
  readonly inputShape: Shape4D;
}

/**
 * DepthwiseConv2dNativeBackpropFilter, one shifted product and sum for each tap:
 * dw[i, j, c, m] = Σ_{n, p, q} x[n, p·s + i·d - top, q·s + j·d - left, c] · dy[n, p, q, c·M + m].
 */
export function depthwiseFilterGradient(
  args: KernelArguments<DepthwiseFilterGradientAttributes>,
): TensorInfo {
  const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo };
  const info = depthwiseInfo(x.shape as Shape4D, args.attrs.filterShape, args.attrs);
  const { batchSize, outHeight, outWidth, inChannels, strideHeight, strideWidth } = info;
  const { top, bottom, left, right } = info.padInfo;
  const multiplier = info.outChannels / inChannels;
  const pixels = batchSize * outHeight * outWidth;
  return compose(args.backend, (call) => {
    const paddings = [[0, 0], [top, bottom], [left, right], [0, 0]];
    const padded = call("PadV2", { x }, { paddings, constantValue: 0 });
    const columns = reshape(call, dy, [pixels, inChannels, multiplier]);
    const taps: TensorInfo[] = [];
    for (let i = 0; i < info.filterHeight; i++) {
      for (let j = 0; j < info.filterWidth; j++) {
        const rowStart = i * info.dilationHeight;
        const columnStart = j * info.dilationWidth;
        const shifted = call("StridedSlice", { x: padded }, {
          begin: [0, rowStart, columnStart, 0],
          end: [
            batchSize,
            rowStart + (outHeight - 1) * strideHeight + 1,
            columnStart + (outWidth - 1) * strideWidth + 1,
            inChannels,
          ],
          strides: [1, strideHeight, strideWidth, 1],
          beginMask: 0,
          endMask: 0,
          ellipsisMask: 0,
          newAxisMask: 0,
          shrinkAxisMask: 0,
        });
        const product = call("Multiply", {
          a: reshape(call, shifted, [pixels, inChannels, 1]),
          b: columns,
        });
        taps.push(call("Sum", { x: product }, { axis: [0], keepDims: true }));
      }
    }
    const stacked = taps.length === 1 ? taps[0]! : call("Concat", taps, { axis: 0 });
    return reshape(call, stacked, args.attrs.filterShape);
  });
}

/**
 * DepthwiseConv2dNativeBackpropInput: dy with s - 1 zeros between its pixels, convolved at stride 1 with the filter
 * rotated by half a turn, and the multiplier summed out.
 */
export function depthwiseInputGradient(args: KernelArguments<DepthwiseInputGradientAttributes>): TensorInfo {
  const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo };
  const { inputShape } = args.attrs;
  const info = depthwiseInfo(inputShape, filter.shape as Shape4D, args.attrs);
  const { filterHeight, filterWidth, inChannels, outChannels, dilationHeight, dilationWidth } = info;
  const multiplier = outChannels / inChannels;
  const before = [
    (filterHeight - 1) * dilationHeight - info.padInfo.top,
    (filterWidth - 1) * dilationWidth - info.padInfo.left,
  ] as const;
  const needed = [
    info.inHeight + (filterHeight - 1) * dilationHeight,
    info.inWidth + (filterWidth - 1) * dilationWidth,
  ] as const;
  return compose(args.backend, (call) => {
    const spread = spreadPixels(call, dy, info.strideHeight, info.strideWidth);
    const framed = frame(call, spread, before, needed);
    const rotated = call("Reverse", { x: filter }, { dims: [0, 1] });
    const perOutput = call("DepthwiseConv2dNative", {
      x: framed,
      filter: reshape(call, rotated, [filterHeight, filterWidth, outChannels, 1]),
    }, { strides: [1, 1], dilations: [dilationHeight, dilationWidth], pad: "valid" }); // [N, H, W, C·M]
    if (multiplier === 1) return perOutput;
    const split = reshape(call, perOutput, [
      info.batchSize * info.inHeight * info.inWidth * inChannels,
      multiplier,
    ]);
    return reshape(call, call("Sum", { x: split }, { axis: [1], keepDims: false }), inputShape);
  });
}

/** Puts `stride - 1` zeros after every pixel: [N, P, Q, K] -> [N, P·sh, Q·sw, K]. */
function spreadPixels(call: Call, dy: TensorInfo, strideHeight: number, strideWidth: number): TensorInfo {
  const [batch, height, width, channels] = dy.shape as Shape4D;
  let spread = dy;
  if (strideWidth > 1) {
    const pixels = reshape(call, spread, [batch * height * width, 1, channels]);
    const paddings = [[0, 0], [0, strideWidth - 1], [0, 0]];
    spread = call("PadV2", { x: pixels }, { paddings, constantValue: 0 });
  }
  if (strideHeight > 1) {
    const rows = reshape(call, spread, [batch * height, 1, width * strideWidth * channels]);
    const paddings = [[0, 0], [0, strideHeight - 1], [0, 0]];
    spread = call("PadV2", { x: rows }, { paddings, constantValue: 0 });
  }
  return reshape(call, spread, [batch, height * strideHeight, width * strideWidth, channels]);
}

/** Pads with zeros, or cuts where the count is negative, so that `before` pixels precede and `needed` are there. */
function frame(
  call: Call,
  x: TensorInfo,
  before: readonly [number, number],
  needed: readonly [number, number],
): TensorInfo {
  const [batch, height, width, channels] = x.shape as Shape4D;
  const after = [needed[0] - before[0] - height, needed[1] - before[1] - width] as const;
  const cut = (count: number) => Math.max(0, -count);
  const grow = (count: number) => Math.max(0, count);
  const kept = call("Slice", { x }, {
    begin: [0, cut(before[0]), cut(before[1]), 0],
    size: [
      batch,
      height - cut(before[0]) - cut(after[0]),
      width - cut(before[1]) - cut(after[1]),
      channels,
    ],
  });
  const paddings = [
    [0, 0],
    [grow(before[0]), grow(after[0])],
    [grow(before[1]), grow(after[1])],
    [0, 0],
  ];
  return call("PadV2", { x: kept }, { paddings, constantValue: 0 });
}

/** Sizes, strides and padding of a depthwise convolution, as TensorFlow.js works them out. */
export function depthwiseInfo(
  inputShape: Shape4D,
  filterShape: Shape4D,
  attrs: DepthwiseAttributes,
): tf.backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    attrs.strides,
    attrs.dilations ?? 1,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
}
