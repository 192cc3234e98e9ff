/**
 * Registers the fallback gradients under their standard names, so that `tf.grads` and `optimizer.minimize` work on the
 * wasm backend. The backend has no kernels of these names, so nothing is replaced.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { KernelArguments } from "./fallback/compose.ts";
import type { TensorInfo } from "./backend_heap.ts";
import { conv2dFilterGradient } from "./fallback/conv2d_filter_gradient.ts";
import { depthwiseFilterGradient, depthwiseInputGradient } from "./fallback/depthwise_gradients.ts";
import { TRAINING, TRAINING_GRADIENT } from "./batch_norm/fallback.ts";
import { NORMALIZED_SUM, NORMALIZED_SUM_GRADIENT } from "./batch_norm/fallback_sum.ts";
import { MEAN_GRADIENT } from "./elementwise/mean_gradient.ts";
import { RELU_GRADIENT } from "./elementwise/relu_gradient.ts";
import { MOVING_AVERAGE } from "./variables/moving_average.ts";
import { NESTEROV_SGD } from "./variables/nesterov_sgd.ts";
import { operationKernel } from "./fallback/operation.ts";

/** Kernel names that the wasm backend lacks, with what is registered for them. */
const FALLBACK = {
  Conv2DBackpropFilter: kernelFunction(conv2dFilterGradient),
  DepthwiseConv2dNativeBackpropFilter: kernelFunction(depthwiseFilterGradient),
  DepthwiseConv2dNativeBackpropInput: kernelFunction(depthwiseInputGradient),
  [TRAINING.kernelName]: operationKernel(TRAINING),
  [TRAINING_GRADIENT.kernelName]: operationKernel(TRAINING_GRADIENT),
  [NORMALIZED_SUM.kernelName]: operationKernel(NORMALIZED_SUM),
  [NORMALIZED_SUM_GRADIENT.kernelName]: operationKernel(NORMALIZED_SUM_GRADIENT),
  [RELU_GRADIENT.kernelName]: operationKernel(RELU_GRADIENT),
  [MEAN_GRADIENT.kernelName]: operationKernel(MEAN_GRADIENT),
  [MOVING_AVERAGE.kernelName]: operationKernel(MOVING_AVERAGE),
  [NESTEROV_SGD.kernelName]: operationKernel(NESTEROV_SGD),
} as const;

/** Registers each fallback gradient whose name is still free. Safe to call again. */
export function registerFallbackGradients(): void {
  for (const [kernelName, kernelFunc] of Object.entries(FALLBACK)) {
    if (tf.getKernel(kernelName, "wasm") === undefined) {
      tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc });
    }
  }
}

/** A kernel with its real argument types, as the registry's looser type. */
export function kernelFunction<Attrs>(
  kernel: (args: KernelArguments<Attrs>) => TensorInfo,
): tf.KernelConfig["kernelFunc"] {
  return (args) => kernel(args as unknown as KernelArguments<Attrs>);
}
