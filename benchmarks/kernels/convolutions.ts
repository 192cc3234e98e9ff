/**
 * The convolutions that matter, each as something that can be run: those of the training step, of the fused tiny network and
 * of the fused RepVGG-A0, and depthwise ones of MobileOne.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Shape4D } from "../../src/kernels/heap.ts";
import { heapOf, wasmBackend } from "../../src/kernels/tfjs/backend_heap.ts";

/** One kernel on one shape. */
export interface KernelCase {
  /** Kernel, image, channels, filter and stride. */
  readonly name: string;
  /** Floating-point operations of the direct algorithm, whatever algorithm serves. */
  readonly flop: number;
  /** Runs whichever kernel is registered, once, and drops its result. */
  run(): void;
  /** Gives back the tensors. */
  dispose(): void;
}

type Sizes = readonly [
  batch: number,
  size: number,
  inChannels: number,
  outChannels: number,
  filter: number,
  stride: number,
];

const FORWARD = "Conv2D";
const INPUT_GRADIENT = "Conv2DBackpropInput";
const FILTER_GRADIENT = "Conv2DBackpropFilter";
const DEPTHWISE = "DepthwiseConv2dNative";
const DEPTHWISE_INPUT_GRADIENT = "DepthwiseConv2dNativeBackpropInput";
const DEPTHWISE_FILTER_GRADIENT = "DepthwiseConv2dNativeBackpropFilter";

/** Of the training step, whose gradients are measured too. */
const TRAINED: readonly Sizes[] = [
  [32, 32, 3, 16, 3, 1],
  [32, 32, 16, 32, 3, 2],
  [32, 32, 16, 32, 1, 2],
  [32, 16, 32, 32, 3, 1],
  [32, 16, 32, 32, 1, 1],
  [32, 16, 32, 64, 3, 2],
  [32, 8, 64, 64, 3, 1],
];

/** Of the fused tiny network and of the fused A0. */
const INFERRED: readonly Sizes[] = [
  [1, 32, 3, 16, 3, 2],
  [1, 16, 16, 32, 3, 2],
  [1, 8, 32, 32, 3, 1],
  [1, 8, 32, 64, 3, 2],
  [1, 4, 64, 64, 3, 1],
  [1, 224, 3, 48, 3, 2],
  [1, 112, 48, 48, 3, 2],
  [1, 56, 48, 48, 3, 1],
  [1, 28, 96, 96, 3, 1],
  [1, 28, 96, 192, 3, 2],
  [1, 14, 192, 192, 3, 1],
  [1, 14, 192, 1280, 3, 2],
];

const DEPTHWISE_SIZES: readonly Sizes[] = [
  [1, 112, 64, 1, 3, 1],
  [1, 56, 128, 1, 3, 2],
  [1, 14, 512, 1, 3, 1],
  [32, 16, 32, 1, 3, 1],
  [1, 28, 96, 1, 7, 1],
];

/** Makes the cases one after the other, so that only one holds tensors at a time. */
export function* kernelCases(): Generator<KernelCase> {
  for (const sizes of TRAINED) {
    for (const kernel of [FORWARD, INPUT_GRADIENT, FILTER_GRADIENT]) yield kernelCase(kernel, sizes);
  }
  for (const sizes of INFERRED) yield kernelCase(FORWARD, sizes);
  for (const sizes of DEPTHWISE_SIZES) {
    for (const kernel of [DEPTHWISE, DEPTHWISE_INPUT_GRADIENT, DEPTHWISE_FILTER_GRADIENT]) {
      yield kernelCase(kernel, sizes);
    }
  }
}

function kernelCase(kernel: string, sizes: Sizes): KernelCase {
  const [batch, size, inChannels, outChannels, filterSize, stride] = sizes;
  const isDepthwise = kernel.startsWith("Depthwise");
  const outSize = Math.ceil(size / stride);
  const inputShape: Shape4D = [batch, size, size, inChannels];
  const filterShape: Shape4D = [filterSize, filterSize, inChannels, outChannels];
  const x = tf.randomNormal(inputShape);
  const filter = tf.randomNormal(filterShape);
  const dy = tf.randomNormal([batch, outSize, outSize, isDepthwise ? inChannels : outChannels]);
  const attrs = { strides: stride, pad: "same", dilations: 1, dataFormat: "NHWC", inputShape, filterShape };
  const inputs: tf.NamedTensorInfoMap = kernel.endsWith("Filter")
    ? { x, dy }
    : kernel.endsWith("Input")
    ? { dy, filter }
    : { x, filter };
  const backend = wasmBackend();
  return {
    name:
      `${kernel} ${batch}x${size}x${size}x${inChannels} to ${outChannels}, ${filterSize}x${filterSize}/${stride}`,
    flop: 2 * batch * outSize ** 2 * tf.util.sizeFromShape(filterShape),
    run() {
      const output = tf.getKernel(kernel, "wasm")!.kernelFunc({ inputs, attrs, backend }) as tf.TensorInfo;
      // An output may wait until somebody asks where it lies.
      heapOf(backend).addressOf(output.dataId);
      backend.disposeData(output.dataId);
    },
    dispose: () => tf.dispose([x, filter, dy]),
  };
}
