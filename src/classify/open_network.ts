/**
 * What runs a LayersModel that is evaluated or asked: the runtime, where it knows all of its operations, and else
 * TensorFlow.js. This is the one place that decides it. TensorFlow.js is not even loaded before it is needed.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { withPrecision } from "../formats/tfjs/precision.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import type { Graph } from "../graph/graph.ts";
import { obstacleOf } from "../runtime/check_graph.ts";
import { openRuntime } from "../runtime/machine.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Classifier, ModelCard } from "./classifier.ts";
import { runtimeClassifier } from "./runtime.ts";

/** What there is to run networks with; each is started when the first network needs it. */
export interface ClassifierEngines {
  /** Not given where TensorFlow.js is to run all. */
  readonly runtime?: () => Promise<Runtime>;
  /** Starts the TensorFlow.js backend. */
  readonly startTfjs: () => Promise<unknown>;
}

/** The runtime on one thread, and the TensorFlow.js backend that is active. */
export const DEFAULT_ENGINES: ClassifierEngines = {
  runtime: () => openRuntime(),
  startTfjs: () => Promise.resolve(),
};

/**
 * A classifier from artifacts, with the card of what it is.
 *
 * @param name What to call the model in an error: its path.
 * @throws {InputError} when nothing can run it.
 */
export async function openNetwork(
  artifacts: io.ModelArtifacts,
  card: ModelCard,
  name: string,
  engines: ClassifierEngines,
): Promise<Classifier> {
  if (engines.runtime !== undefined) {
    const graph = readLayersModel(withPrecision(artifacts, "float32"));
    if (suitsRuntime(graph)) return runtimeClassifier(graph, card, await engines.runtime());
  }
  await engines.startTfjs();
  const { openArtifacts } = await import("./tfjs.ts");
  return await openArtifacts(artifacts, card, name);
}

/** Whether the runtime can run a network, on any number of images: TensorFlow.js has its own words for what is wrong. */
function suitsRuntime(graph: Graph): boolean {
  const { inputs, outputs, values } = graph;
  const ends = [...inputs.map(({ value }) => value), ...outputs].map((value) => values[value]!.shape);
  return inputs.length === 1 && outputs.length === 1 && ends.every((shape) => shape?.[0] === null) &&
    obstacleOf(graph) === undefined;
}
