/**
 * The gradient of a mean in one kernel. TensorFlow.js composes it of a tensor of ones, made in JavaScript, Multiply and
 * RealDiv.
 *
 * Importing this module registers the gradient, for every backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Operation, runOperation } from "../fallback/operation.ts";

/** Attributes of the kernel. */
export interface MeanGradientAttributes {
  /** Shape of what the mean was taken of. */
  readonly shape: readonly number[];
  /** The axes over which, none negative. */
  readonly axes: readonly number[];
}

/** dx = dy/n, for each of the n elements that the mean was taken of. */
export const MEAN_GRADIENT: Operation<{ dy: tf.Tensor }, MeanGradientAttributes> = {
  kernelName: "MeanGrad",
  fallback: ({ dy }, { shape, axes }) => {
    const kept = shape.map((size, axis) => axes.includes(axis) ? 1 : size);
    const count = axes.reduce((product, axis) => product * shape[axis]!, 1);
    return [dy.reshape(kept).mul(tf.ones([...shape])).div(count)];
  },
};

tf.registerGradient({
  kernelName: "Mean",
  inputsToSave: ["x"],
  gradFunc: (dy, [x], attrs) => {
    const { axis } = attrs as unknown as { axis: number | number[] };
    const attributes = { shape: x!.shape, axes: tf.util.parseAxisParam(axis, x!.shape) };
    return { x: () => runOperation(MEAN_GRADIENT, { dy: dy as tf.Tensor }, attributes)[0]! };
  },
});
