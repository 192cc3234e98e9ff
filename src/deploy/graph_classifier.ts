/**
 * Networks that exports run on the runtime: the graph that is written, and what was written as a {@link Classifier}, from its
 * data alone: nothing that lies in a folder is run.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Classifier, ModelCard } from "../classify/classifier.ts";
import { shapeText } from "../graph/image_input.ts";
import { runtimeClassifier } from "../classify/runtime.ts";
import { InputError } from "../errors.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { withPrecision } from "../formats/tfjs/precision.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { openRuntime } from "../runtime/machine.ts";

/** What to do with a network that is no classifier. */
const HINT = "Export it as tfjs or onnx, which take any model.";

/**
 * What the runtime is to run of a classifier: its graph with weights in float32.
 *
 * @throws {InputError} when it is no LayersModel, or not the network that the card says.
 */
export function classifierGraph(artifacts: io.ModelArtifacts, card: ModelCard): Graph {
  const graph = readLayersModel(withPrecision(artifacts, "float32"));
  checkClassifier(graph, card);
  return graph;
}

/** That a network makes one number per class of one image, or one of two. */
function checkClassifier(
  { name, values, inputs, outputs }: Graph,
  { inputSize, classNames }: ModelCard,
): void {
  const check = (what: string, ids: readonly ValueId[], expected: readonly number[], other = expected) => {
    const shapes = ids.map((id) => values[id]!.shape);
    const lengths = `${shapes[0]?.slice(1)}`;
    if (shapes.length === 1 && (lengths === `${expected}` || lengths === `${other}`)) return;
    throw new InputError(
      `Cannot use ${name} as a classifier: expected one ${what} [N,${expected}] as its card says, found ` +
        `${shapes.map(shapeText).join(", ") || "none"}.`,
      HINT,
    );
  };
  check("input", inputs.map(({ value }) => value), inputSize);
  const isBinary = classNames.length === 2;
  check("output", outputs, [classNames.length], isBinary ? [1] : undefined);
}

/**
 * What a file of JSON says.
 *
 * @param file Names it in the error.
 * @throws {InputError} when it is no JSON.
 */
export function parseJson(file: string, json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch (error) {
    throw new InputError(`Cannot read ${file}: it is no JSON: ${(error as Error).message}`);
  }
}

/** Little-endian float32; what is left of a number that is cut off is left out. */
export function floatsOf(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return new Float32Array(
    bytes.slice(0, bytes.length - bytes.length % Float32Array.BYTES_PER_ELEMENT).buffer,
  );
}

/**
 * A classifier on the runtime.
 *
 * @throws {InputError} when it is not the network that the card says.
 */
export async function classifierOfGraph(graph: Graph, card: ModelCard): Promise<Classifier> {
  checkClassifier(graph, card);
  return runtimeClassifier(graph, card, await openRuntime());
}
