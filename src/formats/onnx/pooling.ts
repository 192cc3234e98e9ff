/**
 * Operators that pad or pool an image.
 *
 * @module
 */
import type { FullShape } from "../../graph/graph.ts";
import type { Refusal } from "../../graph/refusal.ts";
import type { Part } from "../part.ts";
import { TO_NCHW } from "./layout.ts";
import type { NodeCall } from "./node_call.ts";
import { imageAt, type Reading } from "./rule.ts";
import { axesOf, imageAfter } from "./window.ts";

/** A Pad of zeros around an image. */
export function pad(call: NodeCall): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  const amounts = call.integersOrAttribute(1, "pads");
  const given = call.integers(3)?.map((axis) => axis < 0 ? axis + 4 : axis) ?? [0, 1, 2, 3];
  if (found === undefined || amounts === undefined || amounts.length !== 2 * given.length) return undefined;
  const value = call.has("value")
    ? call.float("value", 0)
    : call.lacks(2)
    ? 0
    : call.constant(2)?.numbers()[0];
  const at = (axis: number, isEnd: boolean) => {
    const place = given.indexOf(axis);
    return place < 0 ? 0 : amounts[place + (isEnd ? given.length : 0)]!;
  };
  const padding = [at(2, false), at(2, true), at(3, false), at(3, true)] as const;
  const isZeros = call.text("mode", "constant") === "constant" && value === 0;
  const others = [at(0, false), at(0, true), at(1, false), at(1, true)];
  if (!isZeros || [...padding, ...others].some((n) => n < 0) || others.some((n) => n !== 0)) return undefined;
  return { parts: [padPart(found.shape, padding)], inputs: [found.image], axes: TO_NCHW };
}

function padPart(
  [batch, height, width, channels]: FullShape,
  padding: readonly [number, number, number, number],
): Part {
  const [top, bottom, left, right] = padding;
  const more = (length: number | null | undefined, pixels: number) => length == null ? null : length + pixels;
  return {
    op: "pad",
    padding,
    shape: [batch!, more(height, top + bottom), more(width, left + right), channels!],
  };
}

/** A MaxPool or an AveragePool. */
export function pool(call: NodeCall, op: "maxPool" | "averagePool"): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  const size = call.ints("kernel_shape");
  if (found === undefined || size?.length !== 2 || call.node.output.slice(1).some((name) => name !== "")) {
    return undefined;
  }
  const axes = axesOf(call, found.shape, size);
  if ("kind" in axes) return axes;
  const isPadded = axes.some(({ before, after }) => before > 0 || after > 0);
  const at = { inputs: [found.image], axes: TO_NCHW };
  if (op === "maxPool" || !isPadded || call.int("count_include_pad", 0) === 0) {
    return { ...at, parts: [{ op, axes, shape: imageAfter(found.shape, axes, found.shape[3]!) }] };
  }
  // The padding counts as zeros: it is one of its own in front.
  const [vertical, horizontal] = axes;
  const zeros = axes.map(({ before, after }) => [before, Math.max(after, 0)]) as [
    [number, number],
    [number, number],
  ];
  const padded = padPart(found.shape, [...zeros[0], ...zeros[1]]);
  const inside = [vertical, horizontal].map((axis) => ({
    ...axis,
    before: 0,
    after: Math.min(axis.after, 0),
  }));
  const shape = imageAfter(found.shape, axes, found.shape[3]!);
  return { ...at, parts: [padded, { op, axes: [inside[0]!, inside[1]!], shape }] };
}

/** A pooling over the whole image, or a reduction of both of its axes. */
export function globalPool(
  call: NodeCall,
  op: "globalAveragePool" | "globalMaxPool",
  axesInFile: readonly number[],
  keepsAxes: boolean,
): Reading | undefined {
  const x = call.tensor(0);
  if (x?.shape?.length !== 4 || x.axes === undefined) return undefined;
  const [batch, , , channels] = x.shape as [number | null, unknown, unknown, number | null];
  const reduced = axesInFile.map((axis) => x.axes![axis < 0 ? axis + 4 : axis]).sort();
  if (reduced.length !== 2 || reduced[0] !== 1 || reduced[1] !== 2) return undefined;
  return keepsAxes
    ? { parts: [{ op, shape: [batch, 1, 1, channels] }], inputs: [x], axes: x.axes }
    : { parts: [{ op, shape: [batch, channels] }], inputs: [x], axes: [0, 1] };
}

/** A reduction, where it is a pooling over the whole image. */
export function reduced(call: NodeCall, op: "globalAveragePool" | "globalMaxPool"): Reading | undefined {
  const axes = call.integersOrAttribute(1, "axes");
  return axes && globalPool(call, op, axes, call.int("keepdims", 1) !== 0);
}
