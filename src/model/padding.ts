/**
 * How much zero padding a convolution sees on each side. TensorFlow's "same" and PyTorch's padding = k/2 agree at
 * stride 1 and odd kernels; at stride 2 on an even size "same" pads 0 before and 1 after, PyTorch 1 and 1.
 *
 * @module
 */
/** "same" as TensorFlow computes it; "explicit" = ⌊k/2⌋ on both sides, as PyTorch pads. */
export type PaddingMode = "same" | "explicit";

/** Zeros before and after, in pixels, along one axis. */
export type AxisPadding = [before: number, after: number];

/** The convolution, or the pooling, that the padding is for. */
export interface PaddedWindow {
  /** Whose rule gives the amounts. */
  readonly mode: PaddingMode;
  /** Kernel height and width. */
  readonly kernel: readonly [height: number, width: number];
  /** Pixels between windows, along both axes. */
  readonly stride: number;
}

/**
 * Padding along one axis.
 *
 * "same": total = max((⌈size/stride⌉ − 1)·stride + kernel − size, 0), the smaller half before.
 *
 * @param size Input pixels along the axis.
 */
export function axisPadding(mode: PaddingMode, kernel: number, stride: number, size: number): AxisPadding {
  if (mode === "explicit") return [Math.floor(kernel / 2), Math.floor(kernel / 2)];
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Whether "same" pads as the window's mode does, on images of x's size; false where the size is not fixed. */
export function isSamePadding(
  x: { readonly shape: readonly (number | null)[] },
  { mode, kernel, stride }: PaddedWindow,
): boolean {
  return ([0, 1] as const).every((axis) => {
    const size = x.shape[axis + 1];
    if (size == null) return mode === "same";
    const [before, after] = axisPadding(mode, kernel[axis], stride, size);
    const [sameBefore, sameAfter] = axisPadding("same", kernel[axis], stride, size);
    return before === sameBefore && after === sameAfter;
  });
}
