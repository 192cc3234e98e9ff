/**
 * What the rules of `meaning.ts` are made of: what a node computes, and questions that many of them ask of its operands.
 *
 * @module
 */
import type { FullShape, Shape } from "../../graph/graph.ts";
import type { Refusal } from "../../graph/refusal.ts";
import type { Part } from "../part.ts";
import { channelsFirst, isOrder, isPixel } from "./layout.ts";
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

/** An image or a sequence. */
export interface Found {
  readonly image: FileTensor;
  /** In the graph's order. */
  readonly shape: FullShape;
  readonly channels: number;
  /** How many axes a window moves along: 2 or 1. */
  readonly sides: number;
}

/** The tensor of an operand that is an image [N, C, H, W] or a sequence [N, C, L] of a known number of channels. */
export function imageAt(call: NodeCall, index: number): Found | undefined {
  const image = call.tensor(index);
  const shape = image?.shape;
  const channels = shape?.at(-1);
  if (image === undefined || shape === undefined || channels == null || !isChannelsFirst(image)) {
    return undefined;
  }
  return { image, shape, channels, sides: shape.length - 2 };
}

/** Whether it stands in the file as images and sequences do. */
export function isChannelsFirst({ axes }: FileTensor): boolean {
  return axes !== undefined && isOrder(axes, channelsFirst(axes.length));
}

/** Whether the axes stand in this order in the file. */
export function hasAxes({ axes }: FileTensor, wanted: readonly number[]): boolean {
  return isOrder(axes, wanted);
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
