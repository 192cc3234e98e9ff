/**
 * TensorFlow's "same" and "valid" padding as explicit amounts per axis, and back.
 *
 * "same" gives `⌈n / stride⌉` outputs and puts the smaller half of the padding first: at stride 2 an even input of a
 * 3x3 kernel is padded by 0 before and 1 after (TensorFlow, "Neural network ops: Convolution").
 *
 * @module
 */
import { type Axis, extent, outputLength } from "../../graph/axis.ts";

/** The padding modes of a TensorFlow.js convolution layer. */
export type PaddingMode = "same" | "valid";

/** Taps without their padding. */
export type Taps = Pick<Axis, "size" | "dilation" | "stride">;

/**
 * The axis of a layer with this padding mode.
 *
 * `after` is canonical: exactly what the last output needs, so that equal output lengths have equal growth.
 *
 * @param taps The kernel along the axis.
 * @param mode "same" or "valid".
 * @param input The input's length, or `null` when it is not fixed.
 * @returns nothing when the padding depends on a length that is not fixed.
 */
export function padded(taps: Taps, mode: PaddingMode, input: number | null): Axis | undefined {
  const length = extent(taps);
  if (taps.stride === 1) {
    const total = mode === "same" ? length - 1 : 0;
    const before = Math.floor(total / 2);
    return { ...taps, before, after: total - before };
  }
  // As many pixels as are there, less those that the stride leaves unread: see `outputLength`.
  if (input === null) return mode === "valid" ? { ...taps, before: 0, after: 0 } : undefined;
  const outputs = mode === "same"
    ? Math.ceil(input / taps.stride)
    : Math.floor((input - length) / taps.stride) + 1;
  const needed = (outputs - 1) * taps.stride + length - input;
  const before = mode === "same" ? Math.floor(Math.max(needed, 0) / 2) : 0;
  return { ...taps, before, after: needed - before };
}

/**
 * The axis of a transposed convolution: of the one that reads `input · stride` pixels, or, where "valid", as many more as a
 * kernel needs that is larger than the stride.
 */
export function transposed(size: number, stride: number, mode: PaddingMode): Axis {
  const total = mode === "same" ? size - stride : Math.min(size - stride, 0);
  const before = Math.floor(Math.max(total, 0) / 2);
  return { size, dilation: 1, stride, before, after: total - before };
}

/** Whether a layer with this padding mode reads the same pixels as the axis. */
export function isPaddedAs(axis: Axis, mode: PaddingMode, input: number | null): boolean {
  const layer = padded(axis, mode, input);
  if (layer === undefined || layer.before !== axis.before) return false;
  return input === null
    ? layer.after === axis.after
    : outputLength(layer, input) === outputLength(axis, input);
}
