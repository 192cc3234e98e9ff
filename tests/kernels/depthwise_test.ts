import * as tf from "@tensorflow/tfjs";
import * as fc from "fast-check";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { createKernelContext, OVERRIDES } from "../../src/kernels/tfjs/install.ts";
import { assertClose, convolutionShapes, scaleOf } from "./arbitrary.ts";
import { convolutionCase, kernelOf, runKernel } from "./convolution_case.ts";
import * as reference from "./reference.ts";

/** Largest relative error of a direct kernel against float64. */
const TOLERANCE = 1e-5;
/** Channels around four, a vector, and sixteen, a unit of the filter gradient; one filter for each. */
const CHANNELS = { channels: [1, 3, 4, 5, 8, 15, 16, 17, 33], outChannels: [1] };

await startBackend({ kernels: "stock" });

for (const instructionSet of ["relaxed-simd", "simd"] as const) {
  const context = await createKernelContext(instructionSet);

  Deno.test(`DepthwiseConv2dNative with ${instructionSet} agrees with float64 over strides and dilations`, () => {
    const kernel = kernelOf(context, OVERRIDES, "DepthwiseConv2dNative");
    fc.assert(
      fc.property(convolutionShapes({ ...CHANNELS, dilations: [1, 1, 2], maxSize: 14 }), (shape) => {
        const { x, w, xTensor, wTensor, attrs } = convolutionCase(shape, shape.inChannels, 1);
        const actual = runKernel(kernel, { x: xTensor(), filter: wTensor() }, attrs);
        assertClose(actual, reference.depthwiseConvolve(x, w, shape), TOLERANCE);
      }),
      { numRuns: 100 },
    );
  });

  Deno.test(`FusedDepthwiseConv2D with ${instructionSet} adds the bias and clamps for relu6`, () => {
    const kernel = kernelOf(context, OVERRIDES, "FusedDepthwiseConv2D");
    fc.assert(
      fc.property(convolutionShapes({ ...CHANNELS, maxSize: 14 }), (shape) => {
        const C = shape.inChannels;
        const { x, w, xTensor, wTensor, attrs } = convolutionCase(shape, C, 1);
        const bias = Float32Array.from({ length: C }, (_, c) => 3 + Math.sin(c));
        const inputs = { x: xTensor(), filter: wTensor(), bias: tf.tensor1d(bias) };
        const actual = runKernel(kernel, inputs, { ...attrs, activation: "relu6" });
        const sums = reference.depthwiseConvolve(x, w, shape).map((sum, i) => sum + bias[i % C]!);
        assertClose(actual, sums.map((sum) => Math.max(0, Math.min(6, sum))), TOLERANCE, scaleOf(sums));
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`DepthwiseConv2dNativeBackpropInput with ${instructionSet} agrees with float64 over strides`, () => {
    const kernel = kernelOf(context, OVERRIDES, "DepthwiseConv2dNativeBackpropInput");
    fc.assert(
      fc.property(convolutionShapes({ ...CHANNELS, maxSize: 14 }), (shape) => {
        const { w, dy, dyTensor, wTensor, attrs } = convolutionCase(shape, shape.inChannels, 1);
        const actual = runKernel(kernel, { dy: dyTensor(), filter: wTensor() }, attrs);
        assertClose(actual, reference.depthwiseInputGradient(dy, w, shape), TOLERANCE);
      }),
      { numRuns: 100 },
    );
  });

  Deno.test(`DepthwiseConv2dNativeBackpropFilter with ${instructionSet} agrees with float64 over strides`, () => {
    const kernel = kernelOf(context, OVERRIDES, "DepthwiseConv2dNativeBackpropFilter");
    fc.assert(
      fc.property(convolutionShapes({ ...CHANNELS, dilations: [1, 1, 2], maxSize: 14 }), (shape) => {
        const { x, dy, xTensor, dyTensor, attrs } = convolutionCase(shape, shape.inChannels, 1);
        const actual = runKernel(kernel, { x: xTensor(), dy: dyTensor() }, attrs);
        assertClose(actual, reference.depthwiseFilterGradient(x, dy, shape), TOLERANCE);
      }),
      { numRuns: 100 },
    );
  });
}
