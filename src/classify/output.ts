/**
 * What a network's output is, told once when its card is made: how many numbers, and whether they are probabilities already.
 * Nobody asks the network again.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { shapeText } from "../graph/image_input.ts";

/** What to do with a network that is no classifier. */
export const CLASSIFIERS_ALONE =
  "RepFuse evaluates and predicts with classifiers of images; bench takes any network of images, and fuse, inspect, and " +
  "export as tfjs or onnx take any.";

/** A network that cannot be used as a classifier. */
export class NoClassifier extends InputError {}

/** The output of a classifier, [N, outputs]. */
export interface ClassifierOutput {
  /** One for each class; or a single one, of the second of two. */
  readonly outputs: number;
  /** Whether it ends in a softmax or a sigmoid. */
  readonly givesProbabilities: boolean;
  /** Whether the network shows that; else an operation that is not known here makes the outputs. */
  readonly isShown: boolean;
}

/**
 * The output of a network.
 *
 * @param path Names the model in errors.
 * @throws {InputError} when it has several outputs, or one that is not [N, classes].
 */
export function outputOf(graph: Graph, path: string): ClassifierOutput {
  const shapes = graph.outputs.map((output) => graph.values[output]!.shape);
  const [shape] = shapes;
  const outputs = shape?.[1];
  if (shapes.length !== 1 || shape?.length !== 2 || outputs == null) {
    throw new NoClassifier(
      `Cannot use ${path} as a classifier: expected one output [N, classes], found ` +
        `${shapes.map(shapeText).join(", ") || "none"}.`,
      CLASSIFIERS_ALONE,
    );
  }
  const activation = activationOf(graph, graph.outputs[0]!);
  return {
    outputs,
    givesProbabilities: activation === "softmax" || activation === "sigmoid",
    isShown: activation !== undefined,
  };
}

/** The non-linearity that a value comes from; nothing where that is not known. */
function activationOf(graph: Graph, value: ValueId): string | undefined {
  const operation = graph.operations.find(({ outputs }) => outputs.includes(value));
  switch (operation?.op) {
    case "softmax":
      return "softmax";
    case "identity":
    case "reshape":
      return activationOf(graph, operation.inputs[0]!);
    case "convolution":
    case "dense":
    case "activation":
      return operation.activation;
    case "opaque":
      return undefined;
    default:
      return "linear";
  }
}
