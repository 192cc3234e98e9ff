import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { kernelFunction } from "../../src/kernels/tfjs/register.ts";
import { conv2dFilterGradient } from "../../src/kernels/tfjs/fallback/conv2d_filter_gradient.ts";
import * as depthwise from "../../src/kernels/tfjs/fallback/depthwise_gradients.ts";
import { assertClose, convolutionShapes, normals } from "./arbitrary.ts";
import { convolutionCase, runKernel } from "./convolution_case.ts";
import * as reference from "./reference.ts";

const TOLERANCE = 1e-5;

await startBackend({ kernels: "stock" });

Deno.test("conv2dFilterGradient() agrees with float64 over shapes, strides and paddings", () => {
  fc.assert(
    fc.property(convolutionShapes(), (shape) => {
      const { x, dy, xTensor, dyTensor, attrs } = convolutionCase(
        shape,
        shape.outChannels,
        shape.outChannels,
      );
      const kernel = kernelFunction(conv2dFilterGradient);
      const actual = runKernel(kernel, { x: xTensor(), dy: dyTensor() }, attrs);
      assertClose(actual, reference.filterGradient(x, dy, shape), TOLERANCE);
    }),
    { numRuns: 60 },
  );
});

Deno.test("depthwiseFilterGradient() agrees with float64 over shapes, strides and multipliers", () => {
  fc.assert(
    fc.property(convolutionShapes({ outChannels: [1, 2, 3] }), (shape) => {
      const channels = shape.inChannels * shape.outChannels;
      const { x, dy, xTensor, dyTensor, attrs } = convolutionCase(shape, channels, shape.outChannels);
      const kernel = kernelFunction(depthwise.depthwiseFilterGradient);
      const actual = runKernel(kernel, { x: xTensor(), dy: dyTensor() }, attrs);
      assertClose(actual, reference.depthwiseFilterGradient(x, dy, shape), TOLERANCE);
    }),
    { numRuns: 60 },
  );
});

Deno.test("depthwiseInputGradient() agrees with float64 over shapes, strides and multipliers", () => {
  fc.assert(
    fc.property(convolutionShapes({ outChannels: [1, 2, 3] }), (shape) => {
      const channels = shape.inChannels * shape.outChannels;
      const { w, dy, wTensor, dyTensor, attrs } = convolutionCase(shape, channels, shape.outChannels);
      const kernel = kernelFunction(depthwise.depthwiseInputGradient);
      const actual = runKernel(kernel, { dy: dyTensor(), filter: wTensor() }, attrs);
      assertClose(actual, reference.depthwiseInputGradient(dy, w, shape), TOLERANCE);
    }),
    { numRuns: 60 },
  );
});

Deno.test("tf.grads() of a strided convolution agrees with the cpu backend", async () => {
  const x = normals(2 * 9 * 8 * 3, 4);
  const w = normals(3 * 3 * 3 * 4, 5);
  const gradients = () =>
    tf.tidy(() => {
      const loss = (x: tf.Tensor, w: tf.Tensor) =>
        tf.square(tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, "same")).sum<tf.Scalar>();
      const [dx, dw] = tf.grads(loss)([tf.tensor4d(x, [2, 9, 8, 3]), tf.tensor4d(w, [3, 3, 3, 4])]);
      return [dx!.dataSync(), dw!.dataSync()] as const;
    });
  const [dx, dw] = gradients();
  await tf.setBackend("cpu");
  const [expectedDx, expectedDw] = gradients();
  await tf.setBackend("wasm");
  assertClose(dx, Float64Array.from(expectedDx), TOLERANCE);
  assertClose(dw, Float64Array.from(expectedDw), TOLERANCE);
});

Deno.test("the float64 references agree with finite differences", () => {
  fc.assert(
    fc.property(
      convolutionShapes({ channels: [1, 2, 3], maxSize: 6, dilations: [1, 2] }),
      fc.nat(),
      (shape, pick) => {
        for (
          const [forward, filterGradient, inputGradient, outChannels] of [
            [reference.convolve, reference.filterGradient, reference.inputGradient, shape.outChannels],
            [
              reference.depthwiseConvolve,
              reference.depthwiseFilterGradient,
              reference.depthwiseInputGradient,
              shape.inChannels * shape.outChannels,
            ],
          ] as const
        ) {
          const { x, w, dy } = convolutionCase(shape, outChannels, shape.outChannels);
          const loss = () => forward(x, w, shape).reduce((sum, value, i) => sum + value * dy[i]!, 0);
          // The loss is linear in x and in w, so a difference of step 1 is exact but for rounding.
          const slope = (values: Float32Array, at: number) => {
            const before = values[at]!;
            values[at] = 1;
            const high = loss();
            values[at] = 0;
            const low = loss();
            values[at] = before;
            return high - low;
          };
          const atW = pick % w.length;
          const atX = pick % x.length;
          assert.ok(Math.abs(slope(w, atW) - filterGradient(x, dy, shape)[atW]!) < 1e-9);
          assert.ok(Math.abs(slope(x, atX) - inputGradient(dy, w, shape)[atX]!) < 1e-9);
        }
      },
    ),
    { numRuns: 40 },
  );
});
