/**
 * Whether a {@link Graph} can be run: everything is made once and before it is read, every operation is known and fits its
 * neighbours, every weight is there.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { asImages } from "../graph/as_images.ts";
import { type Graph, sizeOf, type ValueId, weightsOf } from "../graph/graph.ts";
import { checkOperation } from "./check_operation.ts";
import { boundShapes } from "./schedule.ts";

/**
 * Checks a network.
 *
 * @param network Sequences are images of height 1 here.
 * @param batch Images at once.
 * @throws {InputError} when it cannot be run; what is in the way is named.
 */
export function checkGraph(network: Graph, batch = 1): void {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new InputError(
      `Cannot run a network on ${batch} images at once: expected a whole number of at least 1`,
    );
  }
  checkOrder(network);
  const graph = asImages(network);
  const opaque = graph.operations.find(({ op }) => op === "opaque");
  if (opaque !== undefined) checkOperation(opaque, [], []);
  const shapes = boundShapes(graph, batch);
  for (const [value, { dtype }] of graph.values.entries()) {
    if (dtype !== "float32") {
      throw new InputError(`Cannot run the network: its value ${value} is ${dtype}, not float32.`);
    }
  }
  for (const operation of graph.operations) {
    const shapeOf = (value: ValueId) => shapes[value]!;
    checkOperation(operation, operation.inputs.map(shapeOf), shapeOf(operation.outputs[0]!));
  }
  for (const { name, shape } of graph.operations.flatMap(weightsOf)) {
    const weight = graph.weights.get(name);
    if (weight === undefined || sizeOf(weight.shape) !== sizeOf(shape)) {
      throw new InputError(
        `Cannot run the network: it has no weight ${JSON.stringify(name)} of [${shape}]` +
          (weight === undefined ? "" : `, but one of [${weight.shape}]`),
      );
    }
  }
}

/** What is in the way of running a network, in a sentence; undefined where nothing is. */
export function obstacleOf(graph: Graph): string | undefined {
  try {
    checkGraph(graph);
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/** That every value is made once, and before it is read. */
function checkOrder({ values, inputs, outputs, operations }: Graph): void {
  const made = new Set<ValueId>();
  const make = (value: ValueId, name: string) => {
    if (values[value] === undefined || made.has(value)) {
      throw new InputError(
        `Cannot run the network: "${name}" makes the value ${value}, which is not its to make.`,
      );
    }
    made.add(value);
  };
  for (const { name, value } of inputs) make(value, name);
  for (const { name, inputs: read, outputs: written } of operations) {
    const missing = read.find((value) => !made.has(value));
    if (missing !== undefined) {
      throw new InputError(
        `Cannot run the network: "${name}" reads the value ${missing}, which nothing has made.`,
      );
    }
    for (const value of written) make(value, name);
  }
  const missing = outputs.find((value) => !made.has(value));
  if (missing !== undefined) {
    throw new InputError(`Cannot run the network: nothing makes its output ${missing}.`);
  }
}
