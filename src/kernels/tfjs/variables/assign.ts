/**
 * New values for many variables. They are not written into the old data, since nothing in TensorFlow.js expects a
 * tensor's data to change: clones share it, and the backend keeps weights that XNNPACK has packed by the tensor's number.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Assigns to each variable the tensor at its place among those that `compute` makes. */
export function assignAll(variables: readonly tf.Variable[], compute: () => readonly tf.Tensor[]): void {
  tf.tidy(() => {
    const values = compute();
    variables.forEach((variable, index) => variable.assign(values[index]!));
  });
}
