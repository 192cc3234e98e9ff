/**
 * The gradient of ReLU in one kernel. TensorFlow.js composes it of Step, Cast and Multiply, and saves the input for it;
 * here the output is saved, which the next layer saves as well, so the input's memory is free again at once.
 *
 * Importing this module registers the gradient, for every backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Operation, runOperation } from "../fallback/operation.ts";

/** dx = dy·[y > 0], with y the output of ReLU. */
export const RELU_GRADIENT: Operation<{ dy: tf.Tensor; y: tf.Tensor }, object> = {
  kernelName: "ReluGrad",
  fallback: ({ dy, y }) => [dy.mul(y.step().cast("float32"))],
};

tf.registerGradient({
  kernelName: "Relu",
  outputsToSave: [true],
  gradFunc: (dy, [y]) => ({ x: () => runOperation(RELU_GRADIENT, { dy: dy as tf.Tensor, y: y! }, {})[0]! }),
});
