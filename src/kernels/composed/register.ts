/**
 * Registers the composed gradients under their standard names, so that `tf.grads` and `optimizer.minimize` work on the
 * wasm backend. The backend has no kernels of these names, so nothing is replaced.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { KernelArguments } from "./compose.ts";
import type { TensorInfo } from "../heap.ts";
import { conv2dFilterGradient } from "./conv2d_filter_gradient.ts";
import { depthwiseFilterGradient, depthwiseInputGradient } from "./depthwise_gradients.ts";

/** Kernel names that the wasm backend lacks, with what is registered for them. */
const COMPOSED = {
  Conv2DBackpropFilter: kernelFunction(conv2dFilterGradient),
  DepthwiseConv2dNativeBackpropFilter: kernelFunction(depthwiseFilterGradient),
  DepthwiseConv2dNativeBackpropInput: kernelFunction(depthwiseInputGradient),
} as const;

/** Registers each composed gradient whose name is still free. Safe to call again. */
export function registerComposedGradients(): void {
  for (const [kernelName, kernelFunc] of Object.entries(COMPOSED)) {
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
