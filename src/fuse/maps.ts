/**
 * What each operation is to the pass: affine maps, an addition, an activation, or opaque. An operation that is affine only
 * under a condition that does not hold is opaque, with the reason.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Activation } from "../graph/activation.ts";
import { POINT } from "../graph/axis.ts";
import type {
  BatchNorm,
  Concatenate,
  Convolution,
  ConvolutionTranspose,
  Dense,
  Graph,
  Operation,
  WeightRef,
} from "../graph/graph.ts";
import { isReal } from "../graph/graph.ts";
import type { Refusal } from "../graph/refusal.ts";
import type { Affine, Outcome } from "./affine.ts";
import { channelsOf, fixedPixels } from "./image.ts";
import { CONCATENATION, flattening, GLOBAL_MEAN, type Join, MEAN, SUM } from "./joins.ts";
import type { Laws } from "./laws.ts";

import { spreadAxes, turnedKernel } from "./transposed.ts";

/** One step of what an operation computes at inference. */
export type Step =
  | { readonly kind: "affine"; readonly map: Affine }
  | { readonly kind: "join"; readonly join: Join }
  /** A function that a convolution can carry. */
  | { readonly kind: "activation"; readonly activation: Activation }
  | { readonly kind: "opaque"; readonly refusal?: Refusal };

const OPAQUE: readonly Step[] = [{ kind: "opaque" }];

/**
 * What an operation computes, as steps one after the other: a convolution with an activation is two.
 *
 * @throws {InputError} when a weight is missing, or a variance negative.
 */
export function stepsOf(operation: Operation, graph: Graph, laws: Laws): readonly Step[] {
  const input = graph.values[operation.inputs[0]!];
  const channels = input !== undefined && isReal(input.dtype) ? channelsOf(input.shape) : undefined;
  switch (operation.op) {
    case "convolution": {
      if (channels === undefined) return OPAQUE;
      return withActivation(convolution(operation, channels, graph, laws), operation.activation);
    }
    case "convolutionTranspose":
      if (channels === undefined) return OPAQUE;
      return withActivation(transposed(operation, channels, graph, laws), operation.activation);
    case "dense": {
      if (channels === undefined) return OPAQUE;
      return withActivation(dense(operation, channels, graph, laws), operation.activation);
    }
    case "batchNorm":
      return channels === undefined ? OPAQUE : [{ kind: "affine", map: batchNorm(operation, graph, laws) }];
    case "scale": {
      if (channels === undefined) return OPAQUE;
      const factors = spread(operation.factors, channels);
      const offsets = spread(operation.offsets, channels);
      if (factors === undefined || offsets === undefined) return OPAQUE;
      // Without an offset, padded zeros stay zeros.
      const shifts = offsets.some((offset) => offset !== 0) ? offsets : undefined;
      return [{ kind: "affine", map: laws.scale(factors, shifts) }];
    }
    case "pad": {
      if (channels === undefined) return OPAQUE;
      const [top, bottom, left, right] = operation.padding;
      const vertical = { ...POINT, before: top, after: bottom };
      const horizontal = { ...POINT, before: left, after: right };
      return [{ kind: "affine", map: laws.zeroPadding(channels, [vertical, horizontal]) }];
    }
    case "averagePool":
      return channels === undefined ? OPAQUE : [stepOf(laws.averagePool(channels, operation.axes))];
    case "identity":
      return channels === undefined ? OPAQUE : [{ kind: "affine", map: laws.identity(channels) }];
    case "add":
    case "average":
      return areAlike(operation, graph) ? [{ kind: "join", join: JOINS[operation.op] }] : OPAQUE;
    case "concatenate":
      return areChannels(operation, graph) ? [{ kind: "join", join: CONCATENATION }] : OPAQUE;
    case "globalAveragePool":
      return channels === undefined ? OPAQUE : [{ kind: "join", join: GLOBAL_MEAN }];
    case "reshape": {
      const pixels = fixedPixels(input?.shape);
      const after = channelsOf(graph.values[operation.outputs[0]!]!.shape);
      const isFlat = channels !== undefined && pixels !== null && after === channels * pixels &&
        fixedPixels(graph.values[operation.outputs[0]!]!.shape) === 1;
      return isFlat ? [{ kind: "join", join: flattening(pixels) }] : OPAQUE;
    }
    case "activation": {
      const { activation, alpha, limit } = operation;
      return alpha === undefined && limit === undefined ? [{ kind: "activation", activation }] : OPAQUE;
    }
    case "opaque":
      return [{ kind: "opaque", ...(operation.refusal === undefined ? {} : { refusal: operation.refusal }) }];
    case "upsample":
    case "maxPool":
    case "globalMaxPool":
    case "multiply":
    case "maximum":
    case "minimum":
    case "softmax":
      return OPAQUE;
    default:
      return operation satisfies never;
  }
}

const JOINS = { add: SUM, average: MEAN } as const;

/** Whether all inputs have one shape, so that no length of 1 is repeated. */
function areAlike({ inputs }: Operation, { values }: Graph): boolean {
  const shapes = inputs.map((input) => values[input]!.shape);
  return inputs.every((input) => isReal(values[input]!.dtype)) &&
    shapes.every((shape) => channelsOf(shape) !== undefined && String(shape) === String(shapes[0]));
}

/** Whether float32 images, sequences or vectors are joined along their channels. */
function areChannels({ inputs, axis }: Concatenate, { values }: Graph): boolean {
  return inputs.every((input) => {
    const { dtype, shape } = values[input]!;
    return isReal(dtype) && channelsOf(shape) !== undefined && axis === shape!.length - 1;
  });
}

function withActivation(map: Affine, activation: Activation): readonly Step[] {
  const step: Step = { kind: "affine", map };
  return activation === "linear" ? [step] : [step, { kind: "activation", activation }];
}

function stepOf(outcome: Outcome): Step {
  return outcome.kind === "refusal" ? { kind: "opaque", refusal: outcome } : { kind: "affine", map: outcome };
}

function convolution(
  { kernel, bias, groups, axes }: Pick<Convolution, "kernel" | "bias" | "groups" | "axes">,
  inChannels: number,
  graph: Graph,
  laws: Laws,
): Affine {
  const shifts = bias && valuesOf(graph, bias);
  const hasBias = shifts?.some((value) => value !== 0) ?? false;
  return laws.convolution(
    { inChannels, outChannels: kernel.shape[3]!, groups, axes, hasBias },
    () => ({ kernel: valuesOf(graph, kernel), bias: shifts }),
  );
}

/** A convolution over pixels that lie apart, its kernel turned around. */
function transposed(
  { kernel, bias, axes }: ConvolutionTranspose,
  inChannels: number,
  graph: Graph,
  laws: Laws,
): Affine {
  const [height, width, outChannels] = kernel.shape as [number, number, number, number];
  const shifts = bias && valuesOf(graph, bias);
  const hasBias = shifts?.some((value) => value !== 0) ?? false;
  return laws.convolution({ inChannels, outChannels, groups: 1, ...spreadAxes(axes), hasBias }, () => ({
    kernel: turnedKernel(valuesOf(graph, kernel), height * width, outChannels, inChannels),
    bias: shifts,
  }));
}

/** A convolution over one pixel. */
function dense({ kernel, bias }: Dense, inChannels: number, graph: Graph, laws: Laws): Affine {
  const [, units] = kernel.shape as [number, number];
  const shape = { ...kernel, shape: [1, 1, inChannels, units] };
  const at = {
    kernel: shape,
    axes: [POINT, POINT],
    groups: 1,
    ...(bias === undefined ? {} : { bias }),
  } as const;
  return convolution(at, inChannels, graph, laws);
}

function batchNorm({ name, epsilon, ...weights }: BatchNorm, graph: Graph, laws: Laws): Affine {
  const variance = valuesOf(graph, weights.variance);
  const bad = variance.findIndex((value) => value + epsilon <= 0);
  if (bad >= 0) {
    throw new InputError(
      `Cannot fuse: the running variance of "${name}" is ${
        variance[bad]
      } at channel ${bad} (epsilon ${epsilon}), ` +
        "expected more than 0 with epsilon.",
    );
  }
  return laws.batchNorm({
    gamma: weights.gamma && valuesOf(graph, weights.gamma),
    beta: weights.beta && valuesOf(graph, weights.beta),
    mean: valuesOf(graph, weights.mean),
    variance,
    epsilon,
  });
}

/** One number for each channel. */
function spread(values: readonly number[], channels: number): Float64Array | undefined {
  if (values.length === channels) return Float64Array.from(values);
  return values.length === 1 ? new Float64Array(channels).fill(values[0]!) : undefined;
}

function valuesOf({ weights }: Graph, { name }: WeightRef): Float32Array {
  const weight = weights.get(name);
  if (weight === undefined) throw new InputError(`Cannot fuse: the network has no weight "${name}".`);
  return weight.read();
}
