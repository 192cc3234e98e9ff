import * as tf from "@tensorflow/tfjs";
import * as fc from "fast-check";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { createKernelContext, OVERRIDES } from "../../src/kernels/tfjs/install.ts";
import { assertClose, CHANNELS, convolutionShapes, scaleOf } from "./arbitrary.ts";
import { convolutionCase, kernelOf, runKernel } from "./convolution_case.ts";
import * as reference from "./reference.ts";

/** Largest relative error against float64: of a direct kernel, and of Winograd's, which may serve 3x3 at stride 1. */
function tolerance(shape: reference.ConvolutionShape): number {
  const { filterHeight, filterWidth, stride, dilation } = shape;
  const isWinograd = [filterHeight, filterWidth].every((size) => size === 3) &&
    [...stride, ...dilation].every((step) => step === 1);
  return isWinograd ? 5e-5 : 1e-5;
}
/** One less, equal and one more than several tiles of eight columns; and more than one block of k. */
const WIDE_CHANNELS = [...CHANNELS, 63, 64, 65];

await startBackend({ kernels: "stock" });

for (const instructionSet of ["relaxed-simd", "simd"] as const) {
  const context = await createKernelContext(instructionSet);

  Deno.test(`Conv2D with ${instructionSet} agrees with float64 over shapes, strides, paddings and dilations`, () => {
    const kernel = kernelOf(context, OVERRIDES, "Conv2D");
    fc.assert(
      fc.property(convolutionShapes({ channels: WIDE_CHANNELS, dilations: [1, 1, 2] }), (shape) => {
        const { x, w, xTensor, wTensor, attrs } = convolutionCase(
          shape,
          shape.outChannels,
          shape.outChannels,
        );
        const actual = runKernel(kernel, { x: xTensor(), filter: wTensor() }, attrs);
        assertClose(actual, reference.convolve(x, w, shape), tolerance(shape));
      }),
      { numRuns: 100 },
    );
  });

  Deno.test(`FusedConv2D with ${instructionSet} adds the bias and clamps for relu and relu6`, () => {
    const kernel = kernelOf(context, OVERRIDES, "FusedConv2D");
    const activations = fc.constantFrom("linear", "relu", "relu6");
    fc.assert(
      fc.property(convolutionShapes({ channels: WIDE_CHANNELS }), activations, (shape, activation) => {
        const K = shape.outChannels;
        const { x, w, xTensor, wTensor, attrs } = convolutionCase(shape, K, K);
        const bias = Float32Array.from({ length: K }, (_, k) => Math.sin(k));
        const inputs = { x: xTensor(), filter: wTensor(), bias: tf.tensor1d(bias) };
        const actual = runKernel(kernel, inputs, { ...attrs, activation });
        const high = activation === "relu6" ? 6 : Infinity;
        const low = activation === "linear" ? -Infinity : 0;
        const sums = reference.convolve(x, w, shape).map((value, i) => value + bias[i % K]!);
        const expected = sums.map((sum) => Math.max(low, Math.min(high, sum)));
        assertClose(actual, expected, tolerance(shape), scaleOf(sums));
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`Conv2DBackpropInput with ${instructionSet} agrees with float64 over shapes, strides and paddings`, () => {
    const kernel = kernelOf(context, OVERRIDES, "Conv2DBackpropInput");
    fc.assert(
      fc.property(convolutionShapes({ channels: WIDE_CHANNELS }), (shape) => {
        const { w, dy, dyTensor, wTensor, attrs } = convolutionCase(
          shape,
          shape.outChannels,
          shape.outChannels,
        );
        const actual = runKernel(kernel, { dy: dyTensor(), filter: wTensor() }, attrs);
        assertClose(actual, reference.inputGradient(dy, w, shape), tolerance(shape));
      }),
      { numRuns: 100 },
    );
  });

  Deno.test(`Conv2DBackpropFilter with ${instructionSet} agrees with float64 over shapes, strides and paddings`, () => {
    const kernel = kernelOf(context, OVERRIDES, "Conv2DBackpropFilter");
    fc.assert(
      fc.property(convolutionShapes({ channels: WIDE_CHANNELS }), (shape) => {
        const { x, dy, xTensor, dyTensor, attrs } = convolutionCase(
          shape,
          shape.outChannels,
          shape.outChannels,
        );
        const actual = runKernel(kernel, { x: xTensor(), dy: dyTensor() }, attrs);
        assertClose(actual, reference.filterGradient(x, dy, shape), tolerance(shape));
      }),
      { numRuns: 100 },
    );
  });

  Deno.test(`the convolution kernels with ${instructionSet} serve 33 images and images of one pixel`, () => {
    for (
      const [batch, height, width, stride] of [[33, 5, 4, 1], [33, 4, 5, 2], [1, 1, 1, 1], [
        2,
        1,
        1,
        3,
      ]] as const
    ) {
      const shape: reference.ConvolutionShape = {
        batch,
        height,
        width,
        inChannels: 17,
        outChannels: 9,
        filterHeight: 3,
        filterWidth: 3,
        stride: [stride, stride],
        dilation: [1, 1],
        padding: [1, 1, 1, 1],
      };
      const { x, w, dy, xTensor, wTensor, dyTensor, attrs } = convolutionCase(shape, 9, 9);
      const run = (name: string, inputs: Record<string, tf.Tensor>) =>
        runKernel(kernelOf(context, OVERRIDES, name), inputs, attrs);
      assertClose(run("Conv2D", { x: xTensor(), filter: wTensor() }), reference.convolve(x, w, shape), 5e-5);
      assertClose(
        run("Conv2DBackpropInput", { dy: dyTensor(), filter: wTensor() }),
        reference.inputGradient(dy, w, shape),
        5e-5,
      );
      assertClose(
        run("Conv2DBackpropFilter", { x: xTensor(), dy: dyTensor() }),
        reference.filterGradient(x, dy, shape),
        5e-5,
      );
    }
  });
}
