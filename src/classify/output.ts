/**
 * What a network's output is, told once when its card is made: how many classes, and whether their numbers are probabilities
 * already. Nobody asks the network again.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Graph, Shape, ValueId } from "../graph/graph.ts";

/** The output of a classifier, [N, classes]. */
export interface ClassifierOutput {
  readonly classes: number;
  /** Whether it ends in a softmax, or in a sigmoid of its one number. */
  readonly givesProbabilities: boolean;
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
  const classes = shape?.[1];
  if (shapes.length !== 1 || shape?.length !== 2 || classes == null) {
    throw new InputError(
      `Cannot use ${path} as a classifier: expected one output [N, classes], found ` +
        `${shapes.map(shapeText).join(", ") || "none"}.`,
      "RepFuse exports, evaluates and predicts with classifiers of images; fuse and inspect take any network.",
    );
  }
  const activation = activationOf(graph, graph.outputs[0]!);
  return { classes, givesProbabilities: isProbability(activation, classes) };
}

/** Whether an activation makes the numbers of all classes probabilities: of one class alone a sigmoid does. */
function isProbability(activation: string, classes: number): boolean {
  return activation === "softmax" || (activation === "sigmoid" && classes === 1);
}

/** The non-linearity that a value comes from. */
function activationOf(graph: Graph, value: ValueId): string {
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
    default:
      return "linear";
  }
}

/** "[?,7,7,4]" */
export function shapeText(shape: Shape): string {
  return `[${shape?.map((length) => length ?? "?") ?? "?"}]`;
}
