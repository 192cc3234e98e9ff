/**
 * A {@link Program} as a {@link Graph}.
 *
 * @module
 */
import { type Axes, type Axis, extent } from "../graph/axis.ts";
import type { Graph, Operation, WeightRef } from "../graph/graph.ts";
import { computedWeight, type Weight } from "../graph/weights.ts";
import {
  type Padding,
  type Pair,
  type Program,
  type Step,
  weightOf,
  type WeightRef as Place,
} from "./program.ts";

/** The graph of a program with its weights. */
export function graphOfProgram(
  { program, weights }: { readonly program: Program; readonly weights: Float32Array },
): Graph {
  const shapes = [program.inputShape, ...program.steps.map(({ shape }) => shape)];
  const stored = new Map<string, Weight>();
  const ref = (place: Place): WeightRef => {
    const name = `at ${place.offset}`;
    stored.set(name, computedWeight(place.shape, weightOf(weights, place)));
    return { name, shape: place.shape };
  };
  return {
    name: "network",
    values: shapes.map((shape) => ({ shape: [null, ...shape], dtype: "float32" })),
    inputs: [{ name: "images", value: 0 }],
    outputs: [program.output],
    operations: program.steps.map((step, i) => operationOf(step, i + 1, shapes, ref)),
    weights: stored,
  };
}

function operationOf(
  step: Step,
  output: number,
  shapes: readonly (readonly number[])[],
  ref: (place: Place) => WeightRef,
): Operation {
  const base = { name: `${step.name} ${output}`, inputs: step.inputs, outputs: [output] };
  const input = shapes[step.inputs[0]!]!;
  const axes = (size: Pair, strides: Pair, dilation: Pair, padding: Padding): Axes => {
    const [vertical, horizontal] = [0, 1].map((i): Axis => {
      const axis = { size: size[i]!, stride: strides[i]!, dilation: dilation[i]!, before: padding[2 * i]! };
      const read = (step.shape[i]! - 1) * axis.stride + extent(axis);
      return { ...axis, after: read - axis.before - input[i]! };
    });
    return [vertical!, horizontal!];
  };
  const optional = <Key extends string>(key: Key, place: Place | undefined) =>
    (place === undefined ? {} : { [key]: ref(place) }) as { [K in Key]?: WeightRef };
  switch (step.op) {
    case "convolution": {
      const [rows, columns] = step.kernel.shape as [number, number];
      return {
        ...base,
        op: step.op,
        kernel: ref(step.kernel),
        ...optional("bias", step.bias),
        axes: axes([rows, columns], step.strides, step.dilation, step.padding),
        groups: step.groups,
        activation: step.activation,
      };
    }
    case "dense":
      return {
        ...base,
        op: step.op,
        kernel: ref(step.kernel),
        ...optional("bias", step.bias),
        activation: step.activation,
      };
    case "batchNorm":
      return {
        ...base,
        op: step.op,
        mean: ref(step.mean),
        variance: ref(step.variance),
        ...optional("gamma", step.gamma),
        ...optional("beta", step.beta),
        epsilon: step.epsilon,
      };
    case "pad":
      return { ...base, op: step.op, padding: step.padding };
    case "maxPool":
    case "averagePool":
      return { ...base, op: step.op, axes: axes(step.size, step.strides, [1, 1], step.padding) };
    case "concatenate":
      return { ...base, op: step.op, axis: step.shape.length };
    case "softmax":
      return { ...base, op: step.op, axis: step.shape.length };
    case "activation":
      return { ...base, op: step.op, activation: step.activation };
    default:
      return { ...base, op: step.op };
  }
}
