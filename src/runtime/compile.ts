/**
 * From a LayersModel to a {@link Program}: the operations of its graph in the order of their computation, and their weights
 * one after the other as float32.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import type { Axes } from "../graph/axis.ts";
import { type Graph, type Operation, sizeOf, type ValueId, type WeightRef as Ref } from "../graph/graph.ts";
import {
  type Activation,
  ACTIVATIONS,
  type Padding,
  type Pair,
  type Program,
  type Step,
  type WeightRef,
} from "./program.ts";

/** A program with its weights. */
export interface CompiledNetwork {
  /** What is computed. */
  readonly program: Program;
  /** What {@link Program} refers to by offsets. */
  readonly weights: Float32Array<ArrayBuffer>;
}

/** What to do with a network that programs cannot say. */
const HINT = "Export it as tfjs or onnx, which take any model.";

/** A step before it has a name, inputs and a shape. */
type Kind = Step extends infer S ? S extends Step ? Omit<S, "name" | "inputs" | "shape"> : never : never;

/**
 * Compiles a classifier.
 *
 * @param artifacts A LayersModel of one image input [N, H, W, C] of fixed size and one output [N, classes].
 * @throws {InputError} when it has other inputs or outputs, or a layer that programs do not have; the layer is named.
 */
export function compileNetwork(artifacts: io.ModelArtifacts): CompiledNetwork {
  const graph = readLayersModel(artifacts);
  const { inputs: [input, ...moreInputs], outputs: [output, ...moreOutputs] } = graph;
  if (input === undefined || output === undefined || moreInputs.length + moreOutputs.length > 0) {
    throw new InputError(
      `Cannot export ${graph.name}: it has ${graph.inputs.length} inputs and ${graph.outputs.length} outputs, ` +
        "expected one of each.",
      HINT,
    );
  }
  const inputShape = fixedShape(graph, input.value, input.name);
  if (inputShape.length !== 3) {
    throw new InputError(`Cannot export ${graph.name}: its input [${inputShape}] is not one image.`, HINT);
  }
  const weights = new PlacedWeights(graph);
  const steps: Step[] = [];
  const places = new Map<ValueId, number>([[input.value, 0]]);
  for (const operation of graph.operations) {
    const inputs = operation.inputs.map((value) => places.get(value)!);
    if (operation.op === "identity") {
      places.set(operation.outputs[0]!, inputs[0]!);
      continue;
    }
    const [result] = operation.outputs;
    const kind = kindOf(operation, graph, weights);
    const { name } = operation.origin ?? operation;
    const shape = fixedShape(graph, result!, name);
    places.set(result!, steps.push({ ...kind, name, inputs, shape } as Step));
  }
  const shape = fixedShape(graph, output, graph.name);
  if (shape.length !== 1) {
    throw new InputError(
      `Cannot export ${graph.name}: its output [${shape}] is not one number per class.`,
      HINT,
    );
  }
  const place = places.get(output)!;
  return {
    program: {
      inputShape: inputShape as [number, number, number],
      steps,
      output: place,
      givesProbabilities: steps[place - 1]?.op === "softmax",
      weightCount: weights.count,
    },
    weights: weights.values(),
  };
}

function kindOf(operation: Operation, graph: Graph, weights: PlacedWeights): Kind {
  switch (operation.op) {
    case "convolution": {
      const { kernel, bias, axes, groups, activation } = operation;
      return {
        op: "convolution",
        kernel: weights.place(kernel),
        ...(bias === undefined ? {} : { bias: weights.place(bias) }),
        ...windowOf(axes),
        groups,
        activation: known(operation, activation),
      };
    }
    case "dense": {
      const { kernel, bias, activation } = operation;
      if (graph.values[operation.inputs[0]!]!.shape?.length !== 2) {
        throw refusal(operation, "works on more than one vector");
      }
      return {
        op: "dense",
        kernel: weights.place(kernel),
        ...(bias === undefined ? {} : { bias: weights.place(bias) }),
        activation: known(operation, activation),
      };
    }
    case "batchNorm": {
      const { mean, variance, gamma, beta, epsilon } = operation;
      return {
        op: "batchNorm",
        mean: weights.place(mean),
        variance: weights.place(variance),
        ...(gamma === undefined ? {} : { gamma: weights.place(gamma) }),
        ...(beta === undefined ? {} : { beta: weights.place(beta) }),
        epsilon,
      };
    }
    case "pad":
      return { op: "pad", padding: operation.padding };
    case "maxPool":
    case "averagePool": {
      const { axes: [y, x] } = operation;
      const { strides, padding } = windowOf(operation.axes);
      return { op: operation.op, size: [y.size, x.size], strides, padding };
    }
    case "globalMaxPool":
    case "globalAveragePool":
    case "add":
    case "multiply":
    case "reshape":
      return { op: operation.op };
    case "concatenate": {
      const rank = graph.values[operation.outputs[0]!]!.shape?.length;
      if (rank !== operation.axis + 1) throw refusal(operation, "joins another axis than the channels");
      return { op: "concatenate" };
    }
    case "softmax":
      return { op: "softmax" };
    case "activation": {
      const { activation, alpha, limit } = operation;
      if (alpha !== undefined || limit !== undefined) throw refusal(operation, "is no plain activation");
      return { op: "activation", activation: known(operation, activation) };
    }
    default:
      throw refusal(operation, `is of the class ${operation.origin?.kind ?? operation.op}`);
  }
}

/** Weights one after the other; one that several steps read is there once. */
class PlacedWeights {
  count = 0;
  private readonly parts: Float32Array[] = [];
  private readonly places = new Map<string, number>();

  constructor(private readonly graph: Graph) {}

  place({ name, shape }: Ref): WeightRef {
    const offset = this.places.get(name) ?? this.count;
    if (!this.places.has(name)) {
      this.places.set(name, offset);
      this.parts.push(this.graph.weights.get(name)!.read());
      this.count += sizeOf(shape);
    }
    return { offset, shape };
  }

  values(): Float32Array<ArrayBuffer> {
    const all = new Float32Array(this.count);
    this.parts.reduce((offset, part) => {
      all.set(part, offset);
      return offset + part.length;
    }, 0);
    return all;
  }
}

function windowOf([y, x]: Axes): { strides: Pair; dilation: Pair; padding: Padding } {
  return {
    strides: [y.stride, x.stride],
    dilation: [y.dilation, x.dilation],
    padding: [y.before, Math.max(0, y.after), x.before, Math.max(0, x.after)],
  };
}

function known(operation: Operation, name: string): Activation {
  const activation = ACTIVATIONS.find((activation) => activation === name);
  if (activation === undefined) throw refusal(operation, `has the activation "${name}"`);
  return activation;
}

/** The shape of a value without the batch. */
function fixedShape(graph: Graph, value: ValueId, name: string): number[] {
  const shape = graph.values[value]!.shape?.slice(1);
  if (shape === undefined || shape.includes(null)) {
    throw new InputError(`Cannot export the network: layer "${name}" gives a shape that is not fixed.`, HINT);
  }
  return shape as number[];
}

function refusal({ name, origin }: Operation, what: string): InputError {
  return new InputError(`Cannot export the network: layer "${origin?.name ?? name}" ${what}.`, HINT);
}
