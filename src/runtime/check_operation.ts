/**
 * Whether what an operation says fits the shapes around it. Graphs come out of strangers' files, and kernels believe the
 * numbers that they are given.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { type Axes, inputLength, outputLength } from "../graph/axis.ts";
import { type Operation, sizeOf, type WeightRef } from "../graph/graph.ts";

/** What to do with a network that cannot be run. */
const HINT = "Export it as tfjs or onnx, which take any model.";

type Shape = readonly number[];

/**
 * Checks one operation.
 *
 * @param inputs Shapes of what it reads, the batch first.
 * @param output Shape of what it makes, as the graph says it.
 * @throws {InputError} when it is opaque, or does not fit; it is named.
 */
export function checkOperation(operation: Operation, inputs: readonly Shape[], output: Shape): void {
  const expected = outputShape(operation, inputs, output);
  if (!same(expected, output)) {
    throw failure(operation, `gives [${expected}], but the graph says [${output}]`);
  }
}

/**
 * The shape of what an operation makes.
 *
 * @param inputs Shapes of what it reads, the batch first.
 * @param said Its shape as the graph says it: what is reshaped has it, and how many axes others give.
 * @throws {InputError} when it is opaque, or does not fit; it is named.
 */
export function outputShape(operation: Operation, inputs: readonly Shape[], said: Shape): Shape {
  const fail = (what: string) => {
    throw failure(operation, what);
  };
  if (operation.op === "opaque") fail(`is ${operation.origin.kind}, which the runtime does not know`);
  const arity = JOINS.has(operation.op) ? inputs.length >= 1 : inputs.length === 1;
  if (!arity || operation.outputs.length !== 1) {
    fail(`has ${inputs.length} inputs and ${operation.outputs.length} outputs`);
  }
  return expectedShape(operation, inputs, said, fail);
}

function failure({ name, op }: Operation, what: string): InputError {
  return new InputError(`Cannot run the network: "${name}" (${op}) ${what}.`, HINT);
}

const JOINS: ReadonlySet<string> = new Set([
  "add",
  "average",
  "multiply",
  "maximum",
  "minimum",
  "concatenate",
]);

function expectedShape(
  operation: Operation,
  inputs: readonly Shape[],
  output: Shape,
  fail: (what: string) => void,
): Shape {
  const shape = inputs[0]!;
  const channels = shape.at(-1) ?? 0;
  const needImage = () => {
    if (shape.length !== 4) fail(`needs images [N, H, W, C], not [${shape}]`);
  };
  const need = (ref: WeightRef | undefined, wanted: Shape) => {
    if (ref !== undefined && !same(ref.shape, wanted)) {
      fail(`needs "${ref.name}" of shape [${wanted}], not [${ref.shape}]`);
    }
  };
  switch (operation.op) {
    case "convolution": {
      needImage();
      const { groups, axes, kernel } = operation;
      const filters = kernel.shape.at(-1) ?? 0;
      if (channels % groups !== 0 || filters % groups !== 0) {
        fail(`has ${groups} groups for ${channels} channels and ${filters} filters`);
      }
      need(kernel, [axes[0].size, axes[1].size, channels / groups, filters]);
      need(operation.bias, [filters]);
      return windowed(shape, axes, filters);
    }
    case "convolutionTranspose": {
      needImage();
      const { axes, kernel } = operation;
      const filters = kernel.shape[2] ?? 0;
      need(kernel, [axes[0].size, axes[1].size, filters, channels]);
      need(operation.bias, [filters]);
      return [shape[0]!, inputLength(axes[0], shape[1]!), inputLength(axes[1], shape[2]!), filters];
    }
    case "dense": {
      const units = operation.kernel.shape.at(-1) ?? 0;
      need(operation.kernel, [channels, units]);
      need(operation.bias, [units]);
      return [...shape.slice(0, -1), units];
    }
    case "batchNorm":
      for (const ref of [operation.mean, operation.variance, operation.gamma, operation.beta]) {
        need(ref, [channels]);
      }
      return shape;
    case "scale":
      for (const { length } of [operation.factors, operation.offsets]) {
        if (length !== 1 && length !== channels) fail(`has ${length} numbers for ${channels} channels`);
      }
      return shape;
    case "pad": {
      needImage();
      const [top, bottom, left, right] = operation.padding;
      return [shape[0]!, shape[1]! + top + bottom, shape[2]! + left + right, channels];
    }
    case "upsample":
      needImage();
      return [shape[0]!, shape[1]! * operation.factors[0], shape[2]! * operation.factors[1], channels];
    case "maxPool":
    case "averagePool":
      needImage();
      return windowed(shape, operation.axes, channels);
    case "globalMaxPool":
    case "globalAveragePool":
      needImage();
      return output.length === 4 ? [shape[0]!, 1, 1, channels] : [shape[0]!, channels];
    case "add":
    case "average":
    case "multiply":
    case "maximum":
    case "minimum":
      return joined(inputs, fail);
    case "concatenate": {
      const { axis } = operation;
      const without = (of: Shape) => of.toSpliced(axis, 1);
      if (axis < 1 || axis >= shape.length) fail(`has the axis ${axis}`);
      if (inputs.some((other) => !same(without(other), without(shape)))) fail("has inputs that do not fit");
      return shape.with(axis, inputs.reduce((sum, other) => sum + other[axis]!, 0));
    }
    case "reshape":
      return output[0] === shape[0] && sizeOf(output) === sizeOf(shape) ? output : shape;
    case "softmax":
      if (operation.axis < 1 || operation.axis >= shape.length) fail(`has the axis ${operation.axis}`);
      return shape;
    case "activation":
    case "identity":
      return shape;
    case "opaque":
      return output;
    default:
      return operation satisfies never;
  }
}

function windowed(shape: Shape, axes: Axes, channels: number): Shape {
  return [shape[0]!, outputLength(axes[0], shape[1]!), outputLength(axes[1], shape[2]!), channels];
}

function joined(inputs: readonly Shape[], fail: (what: string) => void): Shape {
  const rank = Math.max(...inputs.map(({ length }) => length));
  return Array.from({ length: rank }, (_, i) => {
    const lengths = inputs.map((shape) => shape[i - rank + shape.length] ?? 1);
    const longest = lengths.includes(0) ? 0 : Math.max(...lengths);
    if (lengths.some((length) => length !== 1 && length !== longest)) fail("has inputs that do not fit");
    return longest;
  });
}

function same(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}
