import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { DeferredOutputs } from "../../src/kernels/tfjs/deferred.ts";
import { allocateTensor, heapOf, wasmBackend } from "../../src/kernels/tfjs/backend_heap.ts";
import { installKernels } from "../../src/kernels/tfjs/install.ts";
import { assertClose, normals } from "./arbitrary.ts";

await startBackend({ kernels: "stock" });
const backend = wasmBackend();

/** A deferred copy of the first element of `input`, and how often it was computed. */
function deferCopy(deferred: DeferredOutputs, input: tf.Tensor) {
  const times = { computed: 0 };
  const info = allocateTensor(backend, [1]);
  deferred.defer(info, [input], () => {
    times.computed++;
    const { memory, addressOf } = heapOf(backend);
    const floats = new Float32Array(memory.buffer);
    floats[addressOf(info.dataId) / 4] = floats[addressOf(input.dataId) / 4]!;
  });
  return { output: tf.engine().makeTensorFromTensorInfo(info), times };
}

Deno.test("DeferredOutputs computes an output once, when it is read, also after its input is disposed", () => {
  const deferred = new DeferredOutputs(backend);
  const before = tf.engine().backend.numDataIds();
  const input = tf.tensor1d([7]);
  const { output, times } = deferCopy(deferred, input);
  input.dispose();
  assert.equal(times.computed, 0);
  assert.deepEqual([...output.dataSync()], [7]);
  assert.deepEqual([...output.dataSync()], [7]);
  assert.equal(times.computed, 1);
  output.dispose();
  assert.equal(tf.engine().backend.numDataIds(), before);
  deferred.stop();
});

Deno.test("DeferredOutputs computes an output before another kernel reads or shares it", () => {
  const deferred = new DeferredOutputs(backend);
  const input = tf.tensor1d([7]);
  const first = deferCopy(deferred, input);
  assert.deepEqual([...tf.tidy(() => first.output.mul(2).dataSync())], [14]);
  const second = deferCopy(deferred, input);
  const shared = second.output.reshape([1, 1]);
  second.output.dispose();
  assert.deepEqual([...shared.dataSync()], [7]);
  tf.dispose([input, first.output, shared]);
  deferred.stop();
});

Deno.test("DeferredOutputs never computes an output that nobody uses, and lets go of its input", () => {
  const deferred = new DeferredOutputs(backend);
  const before = tf.engine().backend.numDataIds();
  const input = tf.tensor1d([7]);
  const { output, times } = deferCopy(deferred, input);
  output.dispose();
  input.dispose();
  assert.equal(times.computed, 0);
  assert.equal(deferred.count, 0);
  assert.equal(tf.engine().backend.numDataIds(), before);
  deferred.stop();
});

Deno.test("DeferredOutputs computes what is left when it stops, or when its input is about to be written", () => {
  const deferred = new DeferredOutputs(backend);
  const [input, other] = [tf.tensor1d([7]), tf.tensor1d([8])];
  const left = deferCopy(deferred, input);
  const written = deferCopy(deferred, other);
  deferred.forceReadersOf(other.dataId);
  assert.deepEqual([left.times.computed, written.times.computed], [0, 1]);
  deferred.stop();
  assert.deepEqual([left.times.computed, written.times.computed], [1, 1]);
  assert.deepEqual([...left.output.dataSync()], [7]);
  tf.dispose([input, other, left.output, written.output]);
});

Deno.test("the gradient of a convolution with respect to its input is right however late it is read", async () => {
  const dy = normals(2 * 5 * 4 * 16, 1);
  const filter = normals(3 * 3 * 3 * 16, 2);
  const gradient = () =>
    tf.tidy(() =>
      tf.conv2dTranspose(
        tf.tensor4d(dy, [2, 5, 4, 16]),
        tf.tensor4d(filter, [3, 3, 3, 16]),
        [2, 9, 8, 3],
        2,
        "same",
      )
    );
  const stock = gradient();
  const installed = await installKernels();
  const fast = gradient();
  const late = gradient();
  assertClose(fast.dataSync(), Float64Array.from(stock.dataSync()), 1e-5);
  installed.uninstall();
  assert.deepEqual(late.dataSync(), fast.dataSync());
  tf.dispose([stock, fast, late]);
});
