/**
 * The card of a network that nobody wrote one for: what its graph alone tells, and our own normalization.
 *
 * @module
 */
import { defaultNormalization } from "../data/normalization.ts";
import { InputError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { placeholderNames } from "./class_names.ts";
import type { ModelCard } from "./classifier.ts";
import { outputOf } from "./output.ts";

/**
 * Image size and number of classes from the graph.
 *
 * @param path Names the network in errors.
 * @throws {InputError} when it is no classifier of images of a fixed size.
 */
export function guessCard(graph: Graph, path: string): ModelCard {
  const inputs = graph.inputs.map(({ value }) => graph.values[value]!.shape);
  const size = inputs[0]?.slice(1) ?? [];
  if (inputs.length !== 1 || size.length !== 3 || size.includes(null)) {
    const shapes = inputs.map((shape) => `[${shape?.map((length) => length ?? "?") ?? "?"}]`).join(", ");
    throw new InputError(
      `Cannot use ${path} as a classifier: expected one input [N, height, width, channels] of a fixed size, found ` +
        `${shapes || "none"}.`,
      "RepFuse exports, evaluates and predicts with classifiers of images; fuse and inspect take any network.",
    );
  }
  const [height, width, channels] = size as [number, number, number];
  const { classes, givesProbabilities } = outputOf(graph, path);
  return {
    classNames: graph.labels?.length === classes && new Set(graph.labels).size === classes
      ? graph.labels
      : placeholderNames(classes),
    inputSize: [height, width, channels],
    normalization: defaultNormalization(channels),
    givesProbabilities,
  };
}
