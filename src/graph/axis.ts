/**
 * One spatial axis of a window over an image: where its taps lie on the input. Everything is an integer, and padding is
 * explicit; what a format calls "same" is decided by its reader (`formats/tfjs/padding.ts`).
 *
 * Output position `p` reads the input positions `p·stride − before + i·dilation`, `0 ≤ i < size`; positions outside the
 * image hold zero in a convolution, and do not count in a pooling.
 *
 * @module
 */

/** The taps of a window along one axis. */
export interface Axis {
  /** How many taps. */
  readonly size: number;
  /** Input pixels between two taps. */
  readonly dilation: number;
  /** Input pixels between two outputs. */
  readonly stride: number;
  /** Pixels of padding before the first one (top or left). */
  readonly before: number;
  /**
   * Pixels of padding after the last one (bottom or right): as many as the last output reads, so negative where a stride
   * leaves the last pixels unread.
   */
  readonly after: number;
}

/** The vertical and the horizontal axis. */
export type Axes = readonly [vertical: Axis, horizontal: Axis];

/** An axis with one tap that stays in place. */
export const POINT: Axis = { size: 1, dilation: 1, stride: 1, before: 0, after: 0 };

/** Input pixels from the first tap to the last, both included. */
export function extent(axis: Pick<Axis, "size" | "dilation">): number {
  return (axis.size - 1) * axis.dilation + 1;
}

/** Padding less extent: the output has `(input + growth) / stride + 1` positions. */
export function growth(axis: Axis): number {
  return axis.before + axis.after - extent(axis);
}

/** How many outputs an input of this length gives; rounded down, where the axis was made for lengths that are not fixed. */
export function outputLength(axis: Axis, input: number): number {
  return Math.floor((input + growth(axis)) / axis.stride) + 1;
}

/** How many inputs an output of this length is of. */
export function inputLength(axis: Axis, output: number): number {
  return (output - 1) * axis.stride - growth(axis);
}

/** Whether every tap of every output lies on the image. */
export function readsInsideOnly(axis: Axis): boolean {
  return axis.before <= 0 && axis.after <= 0;
}
