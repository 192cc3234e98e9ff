/**
 * The order of axes in ONNX: images [N, H, W, C] are [N, C, H, W] there, and kernels HWIO [kh, kw, C / groups, K] are OIHW
 * [K, C / groups, kh, kw]. All other tensors keep their axes. Shapes here are those of our graph.
 *
 * @module
 */
import type { FullShape } from "../../graph/graph.ts";
import { apply, ints, type Term } from "./graph_writer.ts";

/** HWIO to OIHW. */
export const TO_OIHW = [3, 2, 0, 1] as const;

/** Height and width in NCHW. */
export const SPATIAL_AXES = ints([2, 3]);

/** NHWC to NCHW, and back: axis i of the result is axis `[i]` of what is there. */
const [TO_NCHW, TO_NHWC] = [[0, 3, 1, 2], [0, 2, 3, 1]] as const;

/** Whether a tensor has image axes. */
export function isImage(shape: FullShape | undefined): boolean {
  return shape?.length === 4;
}

/** Whether it is [N, 1, 1, C]: the same numbers in the same order in either layout. */
export function isPixel(shape: FullShape): boolean {
  return isImage(shape) && shape[1] === 1 && shape[2] === 1;
}

/** NHWC to NCHW. */
export function toNchw(image: Term): Term {
  return apply("Transpose", [image], { perm: ints(TO_NCHW) });
}

/** NCHW to NHWC. */
export function toNhwc(image: Term): Term {
  return apply("Transpose", [image], { perm: ints(TO_NHWC) });
}

/** Where an axis of our tensor is in the file. */
export function axisInFile(axis: number, shape: FullShape): bigint {
  return BigInt(isImage(shape) ? TO_NCHW.indexOf(axis as 0) : axis);
}
