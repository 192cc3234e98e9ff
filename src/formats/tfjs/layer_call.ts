/**
 * One call of a layer, as the rules that say what it means see it.
 *
 * @module
 */
import type { FullShape, Shape, ValueInfo, WeightRef } from "../../graph/graph.ts";
import type { Weights } from "../../graph/weights.ts";
import type { Layer } from "./layer_calls.ts";
import type { LayerConfig } from "./layer_config.ts";
import { weightNamed } from "./weights.ts";

/** A call, its inputs in order. */
export interface LayerCall {
  readonly layer: Layer;
  readonly config: LayerConfig;
  readonly inputs: readonly ValueInfo[];
  readonly weights: Weights;
}

/**
 * A weight of the layer, in its stored shape.
 *
 * @param key "kernel", "bias", …
 * @throws {InputError} when there is none.
 */
export function weightOf({ layer, weights }: LayerCall, key: string): WeightRef {
  const name = `${layer.name}/${key}`;
  return { name, shape: weightNamed(weights, name).shape };
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
