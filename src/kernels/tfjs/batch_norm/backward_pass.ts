/**
 * When the tensors that were saved for a gradient have done their work.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/**
 * Whether the engine disposes what was saved for gradients when the running backward pass is over: where it is not inside
 * of another gradient, which would come back to it. Then a gradient may write over what it saved.
 */
export function isLastBackwardPass(): boolean {
  return tf.engine().state.gradientDepth === 0;
}
