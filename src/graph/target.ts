/**
 * What the layers of a format can say: a pass that makes new operations writes out what they cannot, and weighs what that
 * costs. A reader says it with the graph, since a network goes back into the format that it came from.
 *
 * @module
 */

/** What new operations can be. */
export interface Target {
  /** Whether any convolution may be dilated; else none that is strided, transposed or depthwise. */
  readonly dilatesAll: boolean;
  /** Whether convolutions of sequences may have groups. */
  readonly groupsSequences: boolean;
  /** Whether a factor and an offset for every channel are an operation of their own; else they are a 1x1 convolution. */
  readonly scalesChannels: boolean;
}

/**
 * TensorFlow.js: `tf.conv2d` refuses a stride together with a dilation, the DepthwiseConv2D layer ignores its dilation rate,
 * and a Rescaling has one number.
 */
export const LAYERS: Target = { dilatesAll: false, groupsSequences: false, scalesChannels: false };
