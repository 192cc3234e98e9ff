/**
 * A network as the pass sees it: calls of layers on tensors, in an order in which every tensor is made before it is
 * read. Nested models are gone, a shared layer has several calls. `topology.ts` makes it from a LayersModel's JSON.
 *
 * @module
 */
import type { Json } from "./config.ts";

/** A tensor's shape with the batch first; `null` for a length that is not fixed. Nothing when it is not known. */
export type Shape = readonly (number | null)[] | undefined;

/** One layer, however often it is called. */
export interface Layer {
  /** Unique in the graph. */
  readonly name: string;
  /** "Conv2D", "BatchNormalization", … */
  readonly className: string;
  /** Keras's snake_case keys. */
  readonly config: Json;
  /** The nested model that the layer stands in, outermost first; empty at the top. */
  readonly path: readonly string[];
}

/** What one call of a layer gives, or an input of the network. */
export interface Tensor {
  /** The call that makes it. */
  readonly call: Call;
  /** Which of the call's outputs. */
  readonly index: number;
  readonly shape: Shape;
}

/** One application of a layer. */
export interface Call {
  readonly layer: Layer;
  /** Which call of its layer, from 0: at the top, the node that `layer.getOutputAt` knows. */
  readonly node: number;
  readonly inputs: readonly Tensor[];
  /** The shape of the first output. */
  readonly shape: Shape;
  /** Keyword arguments of the call, for example `{ training: true }`. */
  readonly kwargs: Json;
}

/** A whole network. */
export interface Graph {
  readonly name: string;
  /** In topological order. */
  readonly calls: readonly Call[];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}
