import * as tf from "@tensorflow/tfjs";
import * as fc from "fast-check";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { winograd } from "../../src/kernels/conv2d/winograd.ts";
import { winogradFilterGradient } from "../../src/kernels/conv2d/winograd_filter_gradient.ts";
import { allocateTensor, wasmBackend } from "../../src/kernels/tfjs/backend_heap.ts";
import { createKernelContext } from "../../src/kernels/tfjs/install.ts";
import { assertClose, convolutionShapes, scaleOf } from "./arbitrary.ts";
import { convolutionCase, runKernel } from "./convolution_case.ts";
import * as reference from "./reference.ts";

/** Largest relative error of a Winograd kernel against float64. */
const TOLERANCE = 5e-5;
const SHAPES = convolutionShapes({
  channels: [1, 3, 4, 5, 8, 9, 17, 64, 65],
  filters: [3],
  strides: [1],
  maxSize: 15,
});

await startBackend({ kernels: "stock" });

for (const instructionSet of ["relaxed-simd", "simd"] as const) {
  const context = await createKernelContext(instructionSet);

  for (const tile of [2, 4] as const) {
    Deno.test(`winograd() with tile ${tile} and ${instructionSet} agrees with float64, with bias and relu`, () => {
      fc.assert(
        fc.property(SHAPES, (shape) => {
          const K = shape.outChannels;
          const { x, w, xTensor, wTensor, attrs } = convolutionCase(shape, K, K);
          const bias = Float32Array.from({ length: K }, (_, k) => Math.sin(k));
          const padding = [shape.padding[0], shape.padding[2]] as const;
          const actual = runKernel(
            ({ inputs }) => {
              const { x, filter, bias } = inputs as { x: tf.Tensor; filter: tf.Tensor; bias: tf.Tensor };
              const output = allocateTensor(wasmBackend(), [shape.batch, ...reference.outputSize(shape), K]);
              const epilogue = { bias: context.heap.addressOf(bias.dataId), lo: 0, hi: Infinity };
              winograd(context, { input: x, filter, transposed: false, output, padding, epilogue }, tile);
              return output;
            },
            { x: xTensor(), filter: wTensor(), bias: tf.tensor1d(bias) },
            attrs,
          );
          const sums = reference.convolve(x, w, shape).map((y, i) => y + bias[i % K]!);
          assertClose(actual, sums.map((y) => Math.max(0, y)), TOLERANCE, scaleOf(sums));
        }),
        { numRuns: 60 },
      );
    });

    Deno.test(`winograd() with tile ${tile} and ${instructionSet} is the input gradient when transposed`, () => {
      fc.assert(
        fc.property(SHAPES, (shape) => {
          const K = shape.outChannels;
          const { w, dy, dyTensor, wTensor, attrs } = convolutionCase(shape, K, K);
          const padding = [2 - shape.padding[0], 2 - shape.padding[2]] as const;
          const actual = runKernel(
            ({ inputs }) => {
              const { dy, filter } = inputs as { dy: tf.Tensor; filter: tf.Tensor };
              const output = allocateTensor(wasmBackend(), attrs.inputShape);
              const epilogue = { bias: 0, lo: -Infinity, hi: Infinity };
              winograd(context, { input: dy, filter, transposed: true, output, padding, epilogue }, tile);
              return output;
            },
            { dy: dyTensor(), filter: wTensor() },
            attrs,
          );
          assertClose(actual, reference.inputGradient(dy, w, shape), TOLERANCE);
        }),
        { numRuns: 60 },
      );
    });
  }

  /** Runs the kernel on any shape, whether it pays or not. */
  const filterGradient = (
    inputs: tf.NamedTensorInfoMap,
    { inputShape, filterShape, pad }: ReturnType<typeof convolutionCase>["attrs"],
  ): tf.TensorInfo => {
    const { x, dy } = inputs as { x: tf.Tensor; dy: tf.Tensor };
    const dw = allocateTensor(wasmBackend(), filterShape);
    winogradFilterGradient(
      context,
      x,
      dy,
      dw,
      tf.backend_util.computeConv2DInfo(inputShape, filterShape, 1, 1, pad),
    );
    return dw;
  };

  Deno.test(`winogradFilterGradient() with ${instructionSet} is the filter gradient, to float64`, () => {
    fc.assert(
      fc.property(SHAPES, (shape) => {
        const { x, dy, xTensor, dyTensor, attrs } = convolutionCase(
          shape,
          shape.outChannels,
          shape.outChannels,
        );
        const inputs = { x: xTensor(), dy: dyTensor() };
        const actual = runKernel((args) => filterGradient(args.inputs, attrs), inputs, attrs);
        assertClose(actual, reference.filterGradient(x, dy, shape), TOLERANCE);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`winogradFilterGradient() with ${instructionSet} joins blocks of tiles that are not held at once`, () => {
    const shape: reference.ConvolutionShape = {
      batch: 230,
      height: 3,
      width: 2,
      inChannels: 130,
      outChannels: 9,
      filterHeight: 3,
      filterWidth: 3,
      stride: [1, 1],
      dilation: [1, 1],
      padding: [1, 1, 1, 1],
    };
    const { x, dy, xTensor, dyTensor, attrs } = convolutionCase(shape, 9, 9);
    const inputs = { x: xTensor(), dy: dyTensor() };
    const actual = runKernel((args) => filterGradient(args.inputs, attrs), inputs, attrs);
    assertClose(actual, reference.filterGradient(x, dy, shape), TOLERANCE);
  });
}
