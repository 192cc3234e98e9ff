/**
 * One convolution with random values, as tensors and as arrays, and a way to run a kernel on it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { wasmBackend } from "../../src/kernels/tfjs/backend_heap.ts";
import type { KernelContext, KernelOverride } from "../../src/kernels/tfjs/override.ts";
import { explicitPadding, normals } from "./arbitrary.ts";
import { type ConvolutionShape, outputSize } from "./reference.ts";

type Shape4D = [number, number, number, number];

/**
 * Values, tensors and attributes for a shape.
 *
 * @param outChannels Channels of the output.
 * @param filterOutChannels Last dimension of the filter; differs from `outChannels` for depthwise convolutions.
 */
export function convolutionCase(shape: ConvolutionShape, outChannels: number, filterOutChannels: number) {
  const [outHeight, outWidth] = outputSize(shape);
  const inputShape: Shape4D = [shape.batch, shape.height, shape.width, shape.inChannels];
  const filterShape: Shape4D = [shape.filterHeight, shape.filterWidth, shape.inChannels, filterOutChannels];
  const dyShape: Shape4D = [shape.batch, outHeight, outWidth, outChannels];
  const x = normals(tf.util.sizeFromShape(inputShape), 1);
  const w = normals(tf.util.sizeFromShape(filterShape), 2);
  const dy = normals(tf.util.sizeFromShape(dyShape), 3);
  return {
    x,
    w,
    dy,
    xTensor: () => tf.tensor4d(x, inputShape),
    wTensor: () => tf.tensor4d(w, filterShape),
    dyTensor: () => tf.tensor4d(dy, dyShape),
    attrs: {
      strides: [...shape.stride],
      dilations: [...shape.dilation],
      pad: explicitPadding(shape),
      dataFormat: "NHWC",
      filterShape,
      inputShape,
    },
  };
}

/** Runs a kernel on named inputs, which are disposed, and reads its result. Fails when it leaks tensors. */
export function runKernel(
  kernelFunc: tf.KernelConfig["kernelFunc"],
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, unknown>,
): Float32Array {
  const backend = wasmBackend();
  const before = tf.engine().backend.numDataIds();
  const info = kernelFunc({ inputs, backend, attrs: attrs as tf.NamedAttrMap }) as tf.TensorInfo;
  assert.equal(tf.engine().backend.numDataIds(), before + 1, "the kernel leaks tensors");
  const values = tf.engine().backend.readSync(info.dataId) as Float32Array;
  backend.disposeData(info.dataId);
  for (const tensor of Object.values(inputs)) tensor.dispose();
  return values;
}

/** The override of a name as a kernel function that fails where it would decline. */
export function kernelOf(
  context: KernelContext,
  overrides: readonly KernelOverride[],
  kernelName: string,
): tf.KernelConfig["kernelFunc"] {
  const override = overrides.find((candidate) => candidate.kernelName === kernelName);
  assert.ok(override, `there is no override of ${kernelName}`);
  return (args) => {
    const output = override.run(context, args as never);
    assert.ok(output !== undefined, `${kernelName} declined`);
    return output;
  };
}
