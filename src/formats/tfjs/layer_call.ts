/**
 * One call of a layer, as the rules that say what it means see it.
 *
 * @module
 */
import type { FullShape, Shape, ValueInfo } from "../../graph/graph.ts";
import type { Weights } from "../../graph/weights.ts";
import type { Layer } from "./layer_calls.ts";
import type { LayerConfig } from "./layer_config.ts";

/** A call, its inputs in order. */
export interface LayerCall {
  readonly layer: Layer;
  readonly config: LayerConfig;
  readonly inputs: readonly ValueInfo[];
  readonly weights: Weights;
}

/** The shape when it is one of images [N, H, W, C] with a known number of channels. */
export function imageShape(shape: Shape): FullShape | undefined {
  return shape?.length === 4 && shape[3] != null ? shape : undefined;
}

/** An axis as Keras counts it, from the front; nothing where there is no such axis. */
export function axisFromFront(axis: number, shape: FullShape): number | undefined {
  const positive = axis < 0 ? axis + shape.length : axis;
  return positive >= 0 && positive < shape.length ? positive : undefined;
}
