/**
 * The order of axes in ONNX: images [N, H, W, C] are [N, C, H, W] there, and kernels HWIO [kh, kw, C / groups, K] are OIHW
 * [K, C / groups, kh, kw]. All other tensors keep their axes. Shapes here are those of our graph.
 *
 * @module
 */
import type { FullShape } from "../../graph/graph.ts";
import { apply, ints, type Term } from "./term.ts";

/** HWIO to OIHW. */
export const TO_OIHW = [3, 2, 0, 1] as const;

/** NHWC to NCHW: axis i of the result is axis `[i]` of what is there. */
export const TO_NCHW = [0, 3, 1, 2] as const;

/** NLC to NCL. */
const TO_NCL = [0, 2, 1] as const;

/** The order in which ONNX has the axes of images, and of sequences that convolutions read; nothing for other tensors. */
export function channelsFirst(rank: number): readonly number[] | undefined {
  return rank === 4 ? TO_NCHW : rank === 3 ? TO_NCL : undefined;
}

/** Whether a tensor has image axes. */
export function isImage(shape: FullShape | undefined): boolean {
  return shape?.length === 4;
}

/** Whether it is [N, 1, 1, C] or [N, 1, C]: the same numbers in the same order in either layout. */
export function isPixel(shape: FullShape): boolean {
  return channelsFirst(shape.length) !== undefined && shape.slice(1, -1).every((length) => length === 1);
}

/** How an image stands in the files that we write: as TensorFlow.js has it. */
export const AS_IT_IS = [0, 1, 2, 3] as const;

/** NHWC to NCHW. */
export function toNchw(image: Term): Term {
  return turned(image, AS_IT_IS, TO_NCHW);
}

/** NCHW to NHWC. */
export function toNhwc(image: Term): Term {
  return turned(image, TO_NCHW, AS_IT_IS);
}

/** A tensor whose axis k is axis `from[k]` of a value, as one whose axis k is axis `to[k]`. */
export function turned(tensor: Term, from: readonly number[], to: readonly number[]): Term {
  return apply("Transpose", [tensor], { perm: ints(to.map((axis) => from.indexOf(axis))) });
}

/** Whether axes stand in this order. */
export function isOrder(axes: readonly number[] | undefined, wanted: readonly number[] | undefined): boolean {
  return axes?.length === wanted?.length && (axes?.every((axis, i) => axis === wanted![i]) ?? false);
}
