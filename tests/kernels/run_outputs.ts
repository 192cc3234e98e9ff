/**
 * Runs kernels with several outputs, or none.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { wasmBackend } from "../../src/kernels/tfjs/backend_heap.ts";

/**
 * Runs a kernel on named inputs, which are disposed, and reads its results. Fails when it leaks tensors.
 *
 * @param outputs How many there must be.
 */
export function runOutputs(
  kernelFunc: tf.KernelConfig["kernelFunc"],
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, unknown>,
  outputs: number,
): Float32Array[] {
  const backend = wasmBackend();
  const before = tf.engine().backend.numDataIds();
  const infos = kernelFunc({ inputs, backend, attrs: attrs as tf.NamedAttrMap }) as tf.TensorInfo[];
  assert.equal(infos.length, outputs);
  assert.equal(tf.engine().backend.numDataIds(), before + outputs, "the kernel leaks tensors");
  const values = infos.map((info) => tf.engine().backend.readSync(info.dataId) as Float32Array);
  for (const info of infos) backend.disposeData(info.dataId);
  tf.dispose(inputs);
  return values;
}
