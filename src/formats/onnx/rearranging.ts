/**
 * Operators that move numbers and compute none.
 *
 * @module
 */
import { inversePermutation } from "../permute.ts";
import { channelsFirst, isPixel } from "./layout.ts";
import type { FileTensor, NodeCall } from "./node_call.ts";
import { hasAxes, isChannelsFirst, isInOrder, type Reading } from "./rule.ts";
import { SHAPES } from "./shapes.ts";

/** A Concat, but along the batch. */
export function concatenation(call: NodeCall): Reading | undefined {
  const inputs = call.operands.map((_, i) => call.tensor(i));
  const [first] = inputs;
  if (first?.axes === undefined || inputs.some((x) => x?.shape === undefined || !hasAxes(x, first.axes!))) {
    return undefined;
  }
  const inFile = call.int("axis", 0);
  const axis = first.axes.at(inFile);
  if (axis === undefined || axis === 0) return undefined;
  const shape = first.shape!.map((length, i) => {
    const lengths = inputs.map((x) => x!.shape![i]!);
    if (i !== axis) return lengths.find((other) => other !== null) ?? length;
    return lengths.reduce<number | null>((a, b) => a === null || b === null ? null : a + b, 0);
  });
  return { parts: [{ op: "concatenate", axis, shape }], inputs: inputs as FileTensor[], axes: first.axes };
}

/** Nothing moves: the same value, whose axes stand in another order in the file. */
export function transposition(call: NodeCall): Reading | undefined {
  const x = call.tensor(0);
  if (x?.axes === undefined) return undefined;
  const order = call.ints("perm") ?? x.axes.map((_, i) => x.axes!.length - 1 - i);
  if (order.length !== x.axes.length) throw call.fail(`its perm is [${order}] for ${x.axes.length} axes`);
  const axes = order.map((axis) => x.axes![axis]!);
  const isKnown = isChannelsFirst({ ...x, axes }) || hasAxes({ ...x, axes }, axes.map((_, i) => i));
  return isKnown ? { parts: [{ op: "identity", shape: x.shape }], inputs: [x], axes } : undefined;
}

/** A Reshape, Flatten, Squeeze or Unsqueeze that keeps the batch and the order of the numbers. */
export function reshaping(call: NodeCall): Reading | undefined {
  const x = call.tensor(0);
  const found = SHAPES[call.node.opType]!(call, 0);
  if (x?.shape === undefined || found === undefined || !isInOrder(x)) return undefined;
  const keepsBatch = found[0] === x.shape[0];
  if (!keepsBatch) return undefined;
  const image = channelsFirst(found.length);
  const turned = image && inversePermutation(image).map((axis) => found[axis]!);
  // Three axes are a sequence where they are one place; else nobody knows which of them are channels.
  const isOnePlace = turned !== undefined && isPixel(turned);
  if (found.length !== 4 && !isOnePlace) {
    return {
      parts: [{ op: "reshape", shape: found }],
      inputs: [x],
      axes: found.map((_, i) => i),
    };
  }
  return isOnePlace ? { parts: [{ op: "reshape", shape: turned }], inputs: [x], axes: image } : undefined;
}
