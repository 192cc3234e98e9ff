import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { WorkError } from "../../src/errors.ts";
import { allocateOrThrow, HeapBlock } from "../../src/kernels/heap.ts";
import { guardAllocations, heapBytes, heapOf, wasmBackend } from "../../src/kernels/tfjs/backend_heap.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";

await startBackend();

const FULL = /Cannot take .* bytes.* from the heap of the kernels: .* it ends at 4 GiB/;

/** Fails when it is asked. */
function neverAsked(): number {
  assert.fail("the allocator was asked");
}

/** That this ends in the error that a full heap is. */
function assertRefused(allocate: () => unknown, message = FULL): void {
  assert.throws(allocate, (error) => {
    assert.ok(error instanceof WorkError, String(error));
    assert.match(error.message, message);
    assert.match(error.hint ?? "", /smaller batch/);
    return true;
  });
}

Deno.test("allocateOrThrow() refuses a size that no address reaches, and asks no allocator for it", () => {
  for (const bytes of [2 ** 32, 4_295_065_600, 2 ** 60, Infinity, -1, NaN]) {
    assertRefused(() => allocateOrThrow(bytes, neverAsked));
  }
  assertRefused(() => allocateOrThrow(4_295_065_600, neverAsked), /4295065600 bytes \(4\.00 GiB\)/);
});

Deno.test("allocateOrThrow() refuses when the allocator is full, by answer or by error, or answers too high", () => {
  assertRefused(() => allocateOrThrow(10, () => 0));
  assertRefused(() =>
    allocateOrThrow(10, () => {
      throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
    })
  );
  assertRefused(() => allocateOrThrow(4096, () => -1024));
  assert.equal(allocateOrThrow(1024, () => -2048), 2 ** 32 - 2048);
  assert.throws(
    () =>
      allocateOrThrow(10, () => {
        throw new TypeError("a fault of ours");
      }),
    TypeError,
  );
});

Deno.test("a tensor that 32-bit addresses cannot reach is an error at once, in TensorFlow.js's own heap", () => {
  const backend = wasmBackend();
  const before = heapBytes();
  const tensors = tf.memory().numTensors;
  // 100 images of 32x32 through 10,486 filters: 4,295,065,600 bytes, which the allocator takes for 98,304.
  assertRefused(() => backend.makeOutput([100, 32, 32, 10_486], "float32"), /4295065600 bytes/);
  assertRefused(() => new HeapBlock(heapOf(backend), 2 ** 33));
  assert.equal(heapBytes(), before);
  assert.equal(tf.memory().numTensors, tensors);
  const sum = tf.tidy(() => tf.ones([7]).sum().dataSync()[0]);
  assert.equal(sum, 7, "the heap serves as before");
});

Deno.test("a convolution whose output no address reaches is refused by name, and nothing hangs", () => {
  // Twice as many filters as images would need: no memory is taken for them, since the output is refused first.
  const x = tf.zeros([1024, 32, 32, 1]);
  const filter = tf.zeros([1, 1, 1, 2048]);
  assertRefused(() => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"), /8589934592 bytes/);
  tf.dispose([x, filter]);
});

Deno.test("guardAllocations() outlives an allocator that replaces itself at the first call, as Emscripten's does", () => {
  const wasm = {
    asm: { memory: new WebAssembly.Memory({ initial: 1 }) },
    _malloc: (bytes: number): number => {
      wasm._malloc = () => 0;
      return bytes;
    },
    _free: () => {},
  };
  guardAllocations({ wasm });
  assert.equal(wasm._malloc(16), 16);
  assertRefused(() => wasm._malloc(16));
});
