/**
 * How far the forward kernels are from float64, on normal numbers: the largest difference, relative to the largest output.
 * Whole outputs are compared in `tests/kernels/`; here are the sizes of real networks, at some of their pixels.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Random } from "../../src/random.ts";
import type { Shape4D } from "../../src/kernels/heap.ts";
import { chooseTile, isWinograd } from "../../src/kernels/conv2d/winograd.ts";
import { wasmBackend } from "../../src/kernels/tfjs/backend_heap.ts";

/** What one kernel on one shape missed by. */
export interface ForwardError {
  /** Image, channels, filter and stride. */
  readonly name: string;
  readonly algorithm: "direct" | "Winograd";
  /** Relative to the largest output. */
  readonly error: number;
}

interface Sizes {
  readonly size: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly filter: number;
  readonly stride: number;
  readonly depthwise?: true;
}

const SIZES: readonly Sizes[] = [
  { size: 32, inChannels: 3, outChannels: 16, filter: 3, stride: 1 },
  { size: 224, inChannels: 3, outChannels: 48, filter: 3, stride: 2 },
  { size: 28, inChannels: 96, outChannels: 192, filter: 3, stride: 2 },
  { size: 14, inChannels: 192, outChannels: 1280, filter: 3, stride: 2 },
  { size: 7, inChannels: 640, outChannels: 640, filter: 1, stride: 1 },
  { size: 7, inChannels: 640, outChannels: 64, filter: 3, stride: 2 },
  { size: 4, inChannels: 64, outChannels: 64, filter: 3, stride: 1 },
  { size: 8, inChannels: 64, outChannels: 64, filter: 3, stride: 1 },
  { size: 56, inChannels: 48, outChannels: 48, filter: 3, stride: 1 },
  { size: 14, inChannels: 192, outChannels: 192, filter: 3, stride: 1 },
  { size: 14, inChannels: 640, outChannels: 64, filter: 3, stride: 1 },
  { size: 28, inChannels: 96, outChannels: 96, filter: 7, stride: 1, depthwise: true },
  { size: 14, inChannels: 512, outChannels: 512, filter: 3, stride: 1, depthwise: true },
];
/** Output pixels of each shape that are computed in float64. */
const PIXELS = 48;
const SEED = 1;

/** Measures with whichever kernels are installed. */
export function* forwardErrors(): Generator<ForwardError> {
  for (const sizes of SIZES) yield errorOf(sizes);
}

function errorOf(sizes: Sizes): ForwardError {
  const { size, inChannels, outChannels, filter: filterSize, stride, depthwise } = sizes;
  const inputShape: Shape4D = [1, size, size, inChannels];
  const filterShape: Shape4D = [filterSize, filterSize, inChannels, depthwise ? 1 : outChannels];
  const x = tf.randomNormal(inputShape, 0, 1, "float32", SEED);
  const filter = tf.randomNormal(filterShape, 0, 1, "float32", SEED + 1);
  const attrs = { strides: stride, pad: "same", dilations: 1, dataFormat: "NHWC" };
  const kernel = tf.getKernel(depthwise ? "DepthwiseConv2dNative" : "Conv2D", "wasm")!;
  const backend = wasmBackend();
  const output = kernel.kernelFunc({ inputs: { x, filter }, attrs, backend }) as tf.TensorInfo;
  const y = tf.engine().backend.readSync(output.dataId) as Float32Array;
  const info = tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    stride,
    1,
    "same",
    undefined,
    depthwise ?? false,
  );
  const pixels = { x: x.dataSync<"float32">(), filter: filter.dataSync<"float32">() };
  const random = Random.from(SEED, "pixels");
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < PIXELS; i++) {
    const pixel = random.integer(info.outHeight * info.outWidth);
    const exact = exactPixel(pixels.x, pixels.filter, info, pixel, depthwise ?? false);
    for (const [channel, value] of exact.entries()) {
      largest = Math.max(largest, Math.abs(value));
      worst = Math.max(worst, Math.abs(value - y[pixel * outChannels + channel]!));
    }
  }
  backend.disposeData(output.dataId);
  tf.dispose([x, filter]);
  const isTiled = !depthwise && isWinograd(info) && chooseTile(inputShape, info.outShape) !== undefined;
  const kind = depthwise ? "depthwise " : "";
  return {
    name: `${kind}${size}x${size}x${inChannels} to ${outChannels}, ${filterSize}x${filterSize}/${stride}`,
    algorithm: isTiled ? "Winograd" : "direct",
    error: worst / largest,
  };
}

/** All channels of one output pixel, in float64. x: HWC; filter: HWIO, or HWC when depthwise. */
function exactPixel(
  x: Float32Array,
  filter: Float32Array,
  info: tf.backend_util.Conv2DInfo,
  pixel: number,
  depthwise: boolean,
): Float64Array {
  const { inChannels, outChannels, filterHeight, filterWidth, inHeight, inWidth } = info;
  const top = Math.floor(pixel / info.outWidth) * info.strideHeight - info.padInfo.top;
  const left = (pixel % info.outWidth) * info.strideWidth - info.padInfo.left;
  const sums = new Float64Array(outChannels);
  for (let i = 0; i < filterHeight; i++) {
    for (let j = 0; j < filterWidth; j++) {
      const [row, column] = [top + i, left + j];
      if (row < 0 || row >= inHeight || column < 0 || column >= inWidth) continue;
      for (let c = 0; c < inChannels; c++) {
        const value = x[(row * inWidth + column) * inChannels + c]!;
        const tap = (i * filterWidth + j) * inChannels + c;
        if (depthwise) sums[c]! += value * filter[tap]!;
        else for (let k = 0; k < outChannels; k++) sums[k]! += value * filter[tap * outChannels + k]!;
      }
    }
  }
  return sums;
}
