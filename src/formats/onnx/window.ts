/**
 * The operators that move a window over an image: Conv, the poolings, Pad. Here `auto_pad`, `pads` and `ceil_mode` become
 * pixels.
 *
 * Reference: https://github.com/onnx/onnx/blob/main/docs/Operators.md#Conv
 *
 * @module
 */
import { type Axes, type Axis, extent, outputLength } from "../../graph/axis.ts";
import type { FullShape } from "../../graph/graph.ts";
import { type Refusal, refuse } from "../../graph/refusal.ts";
import { axesOn } from "../../graph/sides.ts";
import type { NodeCall } from "./node_call.ts";

/**
 * The window of a Conv or of a pooling.
 *
 * @param image [N, H, W, C] or [N, L, C].
 * @param size Of the kernel: [kh, kw] or [k].
 * @returns A refusal where the window depends on a length that is not fixed.
 * @throws {InputError} when it does not fit on the image.
 */
export function axesOf(call: NodeCall, image: FullShape, size: readonly number[]): Axes | Refusal {
  const count = size.length;
  const strides = counts(call, "strides", count);
  const dilations = counts(call, "dilations", count);
  const pads = call.ints("pads") ?? new Array<number>(2 * count).fill(0);
  if (pads.length !== 2 * count) throw call.fail(`its pads are [${pads}], expected ${2 * count}`);
  const mode = call.text("auto_pad", "NOTSET");
  const isRoundedUp = call.int("ceil_mode", 0) !== 0;
  const axes: Axis[] = [];
  for (const [i, length] of size.entries()) {
    const taps = { size: length, dilation: dilations[i]!, stride: strides[i]! };
    const input = image[i + 1]!;
    const padding = mode === "NOTSET" || mode === "VALID"
      ? { before: mode === "VALID" ? 0 : pads[i]!, end: mode === "VALID" ? 0 : pads[i + count]! }
      : samePadding(taps, input, mode);
    if (padding === undefined) {
      return refuse(
        "padding",
        `auto_pad ${mode} at stride ${taps.stride} depends on the image's size, which is not fixed`,
        "Export the network with a fixed image size, or with explicit pads.",
      );
    }
    const axis = padded(taps, padding, input);
    if (input !== null && outputLength(axis, input) < 1) {
      throw call.fail(`its window of ${extent(taps)} pixels does not fit on ${input}`);
    }
    if (isRoundedUp && (input === null || axis.after !== padding.end)) {
      return refuse("padding", "it rounds its output's size up", "Export the pooling without ceil_mode.");
    }
    axes.push(axis);
  }
  return axesOn(axes);
}

/** So many counts of an attribute that may be left out, where they are 1. */
export function counts(call: NodeCall, name: string, count: number): readonly number[] {
  const values = call.ints(name) ?? new Array<number>(count).fill(1);
  if (values.length !== count || values.some((value) => value < 1)) {
    throw call.fail(`its ${name} are [${values}], expected ${count === 1 ? "one count" : `${count} counts`}`);
  }
  return values;
}

type Taps = Pick<Axis, "size" | "dilation" | "stride">;

/**
 * ONNX rounds down: pixels that the last output does not reach are not read. Where the length is not fixed nobody can say
 * how many these are; `after` is then the padding that the file names, and windows of equal growth still give equal lengths.
 */
function padded(taps: Taps, { before, end }: { before: number; end: number }, input: number | null): Axis {
  if (input === null) return { ...taps, before, after: end };
  const outputs = Math.floor((input + before + end - extent(taps)) / taps.stride) + 1;
  return { ...taps, before, after: (outputs - 1) * taps.stride + extent(taps) - input - before };
}

/** ⌈input / stride⌉ outputs; of an odd number of pixels the larger half stands at the end in SAME_UPPER. */
function samePadding(
  taps: Taps,
  input: number | null,
  mode: string,
): { before: number; end: number } | undefined {
  if (input === null && taps.stride > 1) return undefined;
  const needed = input === null
    ? extent(taps) - 1
    : Math.max(0, (Math.ceil(input / taps.stride) - 1) * taps.stride + extent(taps) - input);
  const small = Math.floor(needed / 2);
  return mode === "SAME_LOWER"
    ? { before: needed - small, end: small }
    : { before: small, end: needed - small };
}
