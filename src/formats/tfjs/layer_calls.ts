/**
 * A LayersModel as calls of layers on tensors, in an order in which every tensor is made before it is read. Nested models
 * are gone, a shared layer has several calls. `topology.ts` makes them from a LayersModel's JSON.
 *
 * @module
 */
import type { ValueInfo } from "../../graph/graph.ts";
import type { Json } from "./layer_config.ts";
import type { Part } from "../part.ts";

/** One layer, however often it is called. */
export interface Layer {
  /** Unique in the model. */
  readonly name: string;
  /** "Conv2D", "BatchNormalization", … */
  readonly className: string;
  /** Keras's snake_case keys. */
  readonly config: Json;
  /** The nested model that the layer stands in, outermost first; empty at the top. */
  readonly path: readonly string[];
}

/** What one call of a layer gives, or an input of the network. */
export interface Tensor extends ValueInfo {
  /** The call that makes it. */
  readonly call: Call;
  /** Which of the call's outputs. */
  readonly index: number;
}

/** One application of a layer. */
export interface Call {
  readonly layer: Layer;
  /** Which call of its layer, from 0: at the top, the node that `layer.getOutputAt` knows. */
  readonly node: number;
  readonly inputs: readonly Tensor[];
  /** Keyword arguments of the call, for example `{ training: true }`. */
  readonly kwargs: Json;
  /** What it computes, one part after the other; none for an input. */
  readonly parts: readonly Part[];
}

/** A whole model. */
export interface LayerCalls {
  readonly name: string;
  /** In topological order. */
  readonly calls: readonly Call[];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}
