/**
 * One layer on symbolic tensors, with the one-tensor type that every layer used here returns.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";

/** The layer's output on `input`, as one symbolic tensor. */
export function apply(
  layer: tf.layers.Layer,
  input: tf.SymbolicTensor | tf.SymbolicTensor[],
): tf.SymbolicTensor {
  return layer.apply(input) as tf.SymbolicTensor;
}
