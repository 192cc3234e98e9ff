/**
 * A {@link Graph} as JSON and its weights as one row of numbers: what an exported module and a page carry. What only the
 * writer of the network's own format needs is left out.
 *
 * @module
 */
import {
  type Graph,
  type GraphInput,
  type Operation,
  sizeOf,
  type ValueId,
  type ValueInfo,
} from "../graph/graph.ts";
import { computedWeight, type Weight, type Weights } from "../graph/weights.ts";

/** A graph in two parts. */
export interface PackedGraph {
  /** Plain JSON. */
  readonly json: GraphJson;
  /** All weights, one after the other. */
  readonly weights: Float32Array<ArrayBuffer>;
}

/** A graph without its weights. */
export interface GraphJson {
  /** Which reader it is for. */
  readonly format: typeof FORMAT;
  /** See {@link Graph}, as for all that follows. */
  readonly name: string;
  /** Shape and type of each. */
  readonly values: readonly ValueInfo[];
  /** Their names and values. */
  readonly inputs: readonly Pick<GraphInput, "name" | "value">[];
  /** Their values. */
  readonly outputs: readonly ValueId[];
  /** Without where they come from. */
  readonly operations: readonly Operation[];
  /** In the order in which they lie. */
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** What {@link GraphJson.format} says. */
export const FORMAT = "repfuse graph 1";

/**
 * The graph of code and data that were written together. One that a stranger may have written is read by `unpackGraph`.
 *
 * @throws {Error} when the weights are another network's.
 */
export function graphOfPacked({ json, weights }: PackedGraph): Graph {
  const needed = json.weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (needed !== weights.length) {
    throw new Error(`The weights have ${weights.length} numbers; the network needs ${needed}`);
  }
  return { ...json, weights: weightsOfPacked(json.weights, weights) };
}

/** Weights by name. */
export function weightsOfPacked(places: GraphJson["weights"], weights: Float32Array): Weights {
  const stored = new Map<string, Weight>();
  let offset = 0;
  for (const { name, shape } of places) {
    const size = sizeOf(shape);
    stored.set(name, computedWeight(shape, weights.subarray(offset, offset + size)));
    offset += size;
  }
  return stored;
}
