/**
 * The size of an image in memory.
 *
 * @module
 */

/** Height, width and channels of an image in NHWC order. */
export interface ImageShape {
  /** Rows of pixels. */
  readonly height: number;
  /** Pixels in a row. */
  readonly width: number;
  /** Values of a pixel. */
  readonly channels: number;
}
