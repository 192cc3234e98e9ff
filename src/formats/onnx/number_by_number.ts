/**
 * Operators that compute number by number: activations, sums and products of tensors, and of a tensor and constants.
 *
 * @module
 */
import { type Activation, RELU6_LIMIT } from "../../graph/activation.ts";
import { broadcast } from "../../graph/broadcast.ts";
import { isReal, sizeOf } from "../../graph/graph.ts";
import type { Constant } from "./constant.ts";
import { type FileTensor, isRealType, type NodeCall } from "./node_call.ts";
import { hasAxes, type Reading, samePlace } from "./rule.ts";

/** Nothing at inference. */
export function unchanged(call: NodeCall): Reading | undefined {
  return samePlace(call, (shape) => ({ op: "identity", shape }));
}

/** A function of every number of the first operand. */
export function activation(activation: Activation, settings: { alpha?: number; limit?: number } = {}) {
  return (call: NodeCall): Reading | undefined =>
    samePlace(call, (shape) => ({ op: "activation", activation, ...settings, shape }));
}

/** A LeakyRelu; nothing where its slope is 1. */
export function leaky(call: NodeCall, alpha: number): Reading | undefined {
  return alpha === 1 ? unchanged(call) : activation("leaky_relu", { alpha })(call);
}

/** A Clip from 0 on is a ReLU. */
export function clip(call: NodeCall): Reading | undefined {
  const bound = (index: number, name: string, none: number) =>
    call.has(name) ? call.float(name, none) : call.lacks(index) ? none : call.constant(index)?.numbers()[0];
  const [low, high] = [bound(1, "min", -Infinity), bound(2, "max", Infinity)];
  if (low !== 0 || high === undefined) return undefined;
  // What exporters write for "nowhere".
  if (high >= 3.4e38) return activation("relu")(call);
  return high === RELU6_LIMIT ? activation("relu6")(call) : activation("relu", { limit: high })(call);
}

/** Number by number over tensors that stand alike in the file. */
export function joined(
  call: NodeCall,
  op: "add" | "multiply" | "maximum" | "minimum" | "average",
): Reading | undefined {
  const inputs = call.operands.map((_, i) => call.tensor(i));
  const [first] = inputs;
  if (first?.axes === undefined || inputs.some((x) => x === undefined || !hasAxes(x, first.axes!))) {
    return undefined;
  }
  const shape = broadcast(inputs.map((x) => x!.shape));
  return { parts: [{ op, shape }], inputs: inputs as FileTensor[], axes: first.axes };
}

/** A tensor and numbers for each of its channels, or one for all, in any order. */
function perChannel(
  call: NodeCall,
): { x: FileTensor; numbers: readonly number[]; isFirst: boolean } | undefined {
  const isFirst = call.tensor(0) !== undefined;
  const x = call.tensor(isFirst ? 0 : 1);
  const constant = call.constant(isFirst ? 1 : 0);
  if (x === undefined || constant === undefined || !isRealType(constant.dtype) || !isReal(x.dtype)) {
    return undefined;
  }
  const numbers = channelsOf(x, constant);
  return numbers && { x, numbers, isFirst };
}

/** Nothing where the numbers are repeated along another axis than the channels, or more of them than there are channels. */
function channelsOf({ shape, axes }: FileTensor, constant: Constant): readonly number[] | undefined {
  if (sizeOf(constant.shape) === 1 && constant.shape.length <= (axes?.length ?? 0)) {
    return [...constant.numbers()];
  }
  if (shape === undefined || axes === undefined) return undefined;
  const channels = shape.at(-1);
  const inFile = axes.indexOf(shape.length - 1);
  const fromBack = axes.length - inFile;
  const isPerChannel = constant.shape.length <= axes.length &&
    constant.shape.every((length, i) => length === (constant.shape.length - i === fromBack ? channels : 1));
  return isPerChannel ? [...constant.numbers()] : undefined;
}

/** A tensor times numbers for its channels. */
export function scaled(call: NodeCall, factorOf: (number: number) => number): Reading | undefined {
  const found = perChannel(call);
  const factors = found?.numbers.map(factorOf);
  if (found === undefined || !factors!.every(Number.isFinite)) return undefined;
  return scale(found.x, factors!, [0]);
}

/** tensor · `sign` + numbers · `direction`: an addition, or a subtraction of one from the other. */
export function shifted(call: NodeCall, sign: 1 | -1, direction: 1 | -1): Reading | undefined {
  const found = perChannel(call);
  // x − c or c − x; in an addition the order does not matter.
  if (found === undefined || (sign !== direction && found.isFirst !== (sign === 1))) return undefined;
  return scale(found.x, [sign], found.numbers.map((number) => number * direction));
}

function scale(x: FileTensor, factors: readonly number[], offsets: readonly number[]): Reading {
  return { parts: [{ op: "scale", factors, offsets, shape: x.shape }], inputs: [x], axes: x.axes };
}
