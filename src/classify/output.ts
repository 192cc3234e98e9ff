/**
 * What a network's output is, told once when its card is made: how many classes, and whether their numbers are probabilities
 * already. Nobody asks the network again.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import type { Shape, Tensor } from "../fuse/graph.ts";
import { readGraph } from "../fuse/topology.ts";

/** The output of a classifier, [N, classes]. */
export interface ClassifierOutput {
  readonly classes: number;
  /** Whether it ends in a softmax, or in a sigmoid of its one number. */
  readonly givesProbabilities: boolean;
}

/** Layers that hand on the numbers that they are given. */
const PASSING = ["Dropout", "Flatten", "Reshape"];

/**
 * The output of a LayersModel.
 *
 * @param path Names the model in errors.
 * @throws {InputError} when it has several outputs, or one that is not [N, classes].
 */
export function outputOf(artifacts: io.ModelArtifacts, path: string): ClassifierOutput {
  const { outputs } = readGraph(artifacts);
  const [output] = outputs;
  const classes = output?.shape?.[1];
  if (outputs.length !== 1 || output?.shape?.length !== 2 || classes == null) {
    throw new InputError(
      `Cannot use ${path} as a classifier: expected one output [N, classes], found ` +
        `${outputs.map(({ shape }) => shapeText(shape)).join(", ") || "none"}.`,
      "RepFuse exports, evaluates and predicts with classifiers of images; fuse and inspect take any network.",
    );
  }
  const activation = activationOf(output);
  return { classes, givesProbabilities: isProbability(activation, classes) };
}

/** Whether an activation makes the numbers of all classes probabilities: of one class alone a sigmoid does. */
export function isProbability(activation: string, classes: number): boolean {
  return activation === "softmax" || (activation === "sigmoid" && classes === 1);
}

/** The non-linearity that a tensor comes from. */
function activationOf({ call: { layer, inputs } }: Tensor): string {
  const { className, config } = layer;
  if (className === "Softmax") return "softmax";
  const [input] = inputs;
  const activation = typeof config.activation === "string" ? config.activation : "linear";
  const passes = PASSING.includes(className) || (className === "Activation" && activation === "linear");
  return passes && input !== undefined ? activationOf(input) : activation;
}

/** "[?,7,7,4]" */
function shapeText(shape: Shape): string {
  return `[${shape?.map((length) => length ?? "?") ?? "?"}]`;
}
