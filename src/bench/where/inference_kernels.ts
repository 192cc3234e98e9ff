/**
 * The kernels that TensorFlow.js needs for inference alone.
 *
 * @module
 */

/** The files in `kernels/assembly/` that the overrides call at inference; the others serve training. */
export const INFERENCE_KERNELS = [
  "batch_norm",
  "convolution",
  "depthwise",
  "elementwise",
  "mean",
  "pack_weights",
  "winograd",
  "winograd_weights",
] as const;
