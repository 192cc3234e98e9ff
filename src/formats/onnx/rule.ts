/**
 * What the rules of `meaning.ts` are made of: what a node computes, and questions that many of them ask of its operands.
 *
 * @module
 */
import type { FullShape, Shape } from "../../graph/graph.ts";
import type { Refusal } from "../../graph/refusal.ts";
import type { Part } from "../part.ts";
import { isPixel, TO_NCHW } from "./layout.ts";
import type { FileTensor, NodeCall } from "./node_call.ts";

/** What a node computes: parts one after the other, of these tensors. */
export interface Reading {
  readonly parts: readonly Part[];
  readonly inputs: readonly FileTensor[];
  /** The order of the axes of what it gives, as in {@link FileTensor}. */
  readonly axes: readonly number[] | undefined;
}

/** What a node computes; a refusal where it is opaque for a reason, and nothing where it is without one. */
export type Rule = (call: NodeCall) => Reading | Refusal | undefined;

/** The tensor of an operand that is an image [N, C, H, W] of a known number of channels. */
export function imageAt(call: NodeCall, index: number): { image: FileTensor; shape: FullShape } | undefined {
  const image = call.tensor(index);
  const isImage = image?.shape?.length === 4 && image.shape[3] != null && hasAxes(image, TO_NCHW);
  return isImage ? { image, shape: image.shape! } : undefined;
}

/** Whether the axes stand in this order in the file. */
export function hasAxes({ axes }: FileTensor, wanted: readonly number[]): boolean {
  return axes?.length === wanted.length && wanted.every((axis, i) => axes[i] === axis);
}

/** Whether the numbers stand in the file in the graph's order. */
export function isInOrder({ axes, shape }: FileTensor): boolean {
  return axes !== undefined &&
    (axes.every((axis, i) => axis === i) || (shape !== undefined && isPixel(shape)));
}

/** One part of one tensor that keeps shape and axes. */
export function samePlace(call: NodeCall, part: (shape: Shape) => Part): Reading | undefined {
  const x = call.tensor(0);
  return x && { parts: [part(x.shape)], inputs: [x], axes: x.axes };
}
