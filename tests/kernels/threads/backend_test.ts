/** The whole backend on two threads. The last test ends them, so the order of the tests matters. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { heapBytes, startBackend, stopBackendThreads } from "../../../src/kernels/tfjs/backend.ts";
import { createKernelContext, OVERRIDES } from "../../../src/kernels/tfjs/install.ts";
import { createNetwork } from "../../../src/model/network.ts";
import { TrainingSession } from "../../../src/train/session.ts";
import { TINY_NETWORK, TINY_TRAINING, tinyDataset } from "../../train/tiny.ts";
import { assertClose, convolutionShapes, normals } from "../arbitrary.ts";
import { convolutionCase, kernelOf, runKernel } from "../convolution_case.ts";
import * as reference from "../reference.ts";

const TOLERANCE = 1e-5;

const info = await startBackend({ threads: 2 });

/** All weights after training a tiny network for a few steps. */
function train(): Map<string, Float32Array> {
  const session = new TrainingSession(
    createNetwork(TINY_NETWORK, { seed: 3 }),
    tinyDataset(),
    TINY_TRAINING,
    3,
  );
  while (!session.finished) {
    while (session.step < session.stepsPerEpoch) session.trainStep();
    session.endEpoch();
  }
  const weights = new Map<string, Float32Array>();
  for (const [name, { values }] of session.capture().tensors) weights.set(name, Float32Array.from(values));
  return weights;
}

Deno.test("startBackend() says how many threads serve", () => {
  assert.equal(info.threads, 2);
  assert.equal(info.threadsNote, undefined);
});

Deno.test("startBackend() throws when the number of threads is none", () => {
  for (const threads of [0, -1, 1.5, NaN]) {
    assert.throws(() => startBackend({ threads }), {
      name: "InputError",
      message: /whole number of at least 1/,
    });
  }
});

for (const threads of [2, 3]) {
  Deno.test(`convolutions and their gradients on ${threads} threads agree with float64`, async () => {
    const context = await createKernelContext("relaxed-simd", threads);
    const [forward, inputGradient, filterGradient] = ["Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"]
      .map((name) => kernelOf(context, OVERRIDES, name));
    fc.assert(
      fc.property(convolutionShapes({}), (shape) => {
        const K = shape.outChannels;
        const { x, w, dy, xTensor, wTensor, dyTensor, attrs } = convolutionCase(shape, K, K);
        const y = runKernel(forward!, { x: xTensor(), filter: wTensor() }, attrs);
        assertClose(y, reference.convolve(x, w, shape), TOLERANCE);
        const dx = runKernel(inputGradient!, { dy: dyTensor(), filter: wTensor() }, attrs);
        assertClose(dx, reference.inputGradient(dy, w, shape), TOLERANCE);
        const dw = runKernel(filterGradient!, { x: xTensor(), dy: dyTensor() }, attrs);
        assertClose(dw, reference.filterGradient(x, dy, shape), TOLERANCE);
      }),
      { numRuns: 60 },
    );
    await context.dispatcher.stopThreads();
    context.dispose();
  });
}

Deno.test("Conv2DBackpropFilter gives the same bits on one, two and three threads", async () => {
  const cases = [[3, 16, 1, 33], [3, 32, 1, 10], [3, 16, 2, 9], [1, 5, 1, 12]] as const;
  const runs: Float32Array[][] = [];
  for (const threads of [1, 2, 3]) {
    const context = await createKernelContext("relaxed-simd", threads);
    const kernel = kernelOf(context, OVERRIDES, "Conv2DBackpropFilter");
    runs.push(cases.map(([filter, channels, stride, size]) => {
      const { xTensor, dyTensor, attrs } = convolutionCase(
        {
          batch: 5,
          height: size,
          width: size,
          inChannels: channels,
          outChannels: channels + 4,
          filterHeight: filter,
          filterWidth: filter,
          stride: [stride, stride],
          dilation: [1, 1],
          padding: [filter >> 1, filter >> 1, filter >> 1, filter >> 1],
        },
        channels + 4,
        channels + 4,
      );
      return runKernel(kernel, { x: xTensor(), dy: dyTensor() }, attrs);
    }));
    await context.dispatcher.stopThreads();
    context.dispose();
  }
  assert.deepEqual(runs[1], runs[0]);
  assert.deepEqual(runs[2], runs[0]);
});

Deno.test("a convolution is right on tensors that lie in memory that grew later", () => {
  const before = heapBytes();
  const ballast: tf.Tensor[] = [];
  while (heapBytes() === before) ballast.push(tf.zeros([1 << 20]));
  const values = normals(64 * 64 * 8, 1);
  const product = tf.tidy(() => {
    const x = tf.tensor4d(values, [1, 64, 64, 8]);
    const identity = tf.eye(8).reshape<tf.Tensor4D>([1, 1, 8, 8]);
    return tf.conv2d(x, identity, 1, "same").dataSync();
  });
  assert.deepEqual(product, values);
  tf.dispose(ballast);
});

Deno.test("tensors go in and out of a shared heap", async () => {
  const numbers = tf.tensor1d([1, 2, 3], "int32");
  assert.deepEqual(await numbers.data(), Int32Array.of(1, 2, 3));
  assert.deepEqual(await numbers.bytes(), new Uint8Array(Int32Array.of(1, 2, 3).buffer));
  assert.ok(!(numbers.dataSync().buffer instanceof SharedArrayBuffer));
  assert.deepEqual(tf.tensor(["a", "ä"]).dataSync(), ["a", "ä"]);
  assert.deepEqual(tf.tensor(["a", "ä"]).expandDims().squeeze().arraySync(), ["a", "ä"]);
  assert.deepEqual(tf.topk([3, 1, 2], 2).indices.arraySync(), [0, 2]);
  assert.match(tf.tensor2d([[1, 2]]).toString(), /1, 2/);
  numbers.dispose();
});

Deno.test("training on two threads gives the same bits every time, and those of one thread but for rounding", async () => {
  const first = train();
  assert.ok(first.size > 0);
  assert.deepEqual(train(), first);
  await stopBackendThreads();
  const alone = train();
  for (const [name, values] of alone) assertClose(first.get(name)!, Float64Array.from(values), 1e-3);
});
