/**
 * Operators that pad or pool an image.
 *
 * @module
 */
import { type Axes, POINT } from "../../graph/axis.ts";
import type { FullShape } from "../../graph/graph.ts";
import type { Refusal } from "../../graph/refusal.ts";
import { afterWindow, withSides } from "../../graph/sides.ts";
import type { Part } from "../part.ts";
import { channelsFirst } from "./layout.ts";
import type { NodeCall } from "./node_call.ts";
import { imageAt, isChannelsFirst, type Reading } from "./rule.ts";
import { axesOf } from "./window.ts";

/** A Pad of zeros around an image or a sequence. */
export function pad(call: NodeCall): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  if (found === undefined) return undefined;
  const rank = found.sides + 2;
  const amounts = call.integersOrAttribute(1, "pads");
  const given = call.integers(3)?.map((axis) => axis < 0 ? axis + rank : axis) ??
    found.shape.map((_, i) => i);
  if (amounts === undefined || amounts.length !== 2 * given.length) return undefined;
  const value = call.has("value")
    ? call.float("value", 0)
    : call.lacks(2)
    ? 0
    : call.constant(2)?.numbers()[0];
  const at = (axis: number, isEnd: boolean) => {
    const place = given.indexOf(axis);
    return place < 0 ? 0 : amounts[place + (isEnd ? given.length : 0)]!;
  };
  const ends = (axis: number): Ends => [at(axis, false), at(axis, true)];
  const padding = [rank === 4 ? ends(2) : NONE, ends(rank - 1)] as const;
  const isZeros = call.text("mode", "constant") === "constant" && value === 0;
  const others = [ends(0), ends(1)].flat();
  if (!isZeros || [...padding.flat(), ...others].some((n) => n < 0) || others.some((n) => n !== 0)) {
    return undefined;
  }
  return { parts: [padPart(found.shape, padding)], inputs: [found.image], axes: found.image.axes };
}

/** Pixels before and after. */
type Ends = readonly [before: number, after: number];

const NONE: Ends = [0, 0];

function padPart(shape: FullShape, [vertical, horizontal]: readonly [Ends, Ends]): Part {
  const axes = [vertical, horizontal].map(([before, after]) => ({ ...POINT, before, after }));
  return {
    op: "pad",
    padding: [...vertical, ...horizontal],
    shape: afterWindow(shape, axes as unknown as Axes, shape.at(-1)!),
  };
}

/** A MaxPool or an AveragePool. */
export function pool(call: NodeCall, op: "maxPool" | "averagePool"): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  const size = call.ints("kernel_shape");
  if (size?.length !== found?.sides || call.node.output.slice(1).some((name) => name !== "")) {
    return undefined;
  }
  const { image, shape: before, channels } = found!;
  const axes = axesOf(call, before, size!);
  if ("kind" in axes) return axes;
  const isPadded = axes.some(({ before, after }) => before > 0 || after > 0);
  const at = { inputs: [image], axes: image.axes };
  const shape = afterWindow(before, axes, channels);
  if (op === "maxPool" || !isPadded || call.int("count_include_pad", 0) === 0) {
    return { ...at, parts: [{ op, axes, shape }] };
  }
  // The padding counts as zeros: it is one of its own in front.
  const zeros = axes.map(({ before, after }): Ends => [before, Math.max(after, 0)]);
  const padded = padPart(before, zeros as unknown as readonly [Ends, Ends]);
  const inside = axes.map((axis) => ({ ...axis, before: 0, after: Math.min(axis.after, 0) }));
  return { ...at, parts: [padded, { op, axes: inside as unknown as Axes, shape }] };
}

/** A pooling over the whole image or sequence, or a reduction of all axes between batch and channels. */
export function globalPool(
  call: NodeCall,
  op: "globalAveragePool" | "globalMaxPool",
  axesInFile: readonly number[] | undefined,
  keepsAxes: boolean,
): Reading | undefined {
  const x = call.tensor(0);
  const rank = x?.axes?.length ?? 0;
  if (x?.shape === undefined || channelsFirst(rank) === undefined) return undefined;
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const reduced = axesInFile === undefined
    ? isChannelsFirst(x) ? Array.from({ length: rank - 2 }, (_, i) => i + 1) : []
    : axesInFile.map((axis) => x.axes![axis < 0 ? axis + rank : axis]).sort();
  if (reduced.length !== rank - 2 || !reduced.every((axis, i) => axis === i + 1)) return undefined;
  return keepsAxes
    ? { parts: [{ op, shape: withSides(x.shape, [1, 1], channels) }], inputs: [x], axes: x.axes }
    : { parts: [{ op, shape: [batch, channels] }], inputs: [x], axes: [0, 1] };
}

/** A reduction, where it is a pooling over the whole image. */
export function reduced(call: NodeCall, op: "globalAveragePool" | "globalMaxPool"): Reading | undefined {
  const axes = call.integersOrAttribute(1, "axes");
  return axes && globalPool(call, op, axes, call.int("keepdims", 1) !== 0);
}
