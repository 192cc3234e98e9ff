/**
 * What launch code has to know about a convolution. TensorFlow.js's `Conv2DInfo` is one as it is.
 *
 * @module
 */

/** Images NHWC, filters HWIO. */
export interface ConvolutionSizes {
  readonly batchSize: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  /** Zeros before the first row and the first column. */
  readonly padInfo: { readonly top: number; readonly left: number };
}
