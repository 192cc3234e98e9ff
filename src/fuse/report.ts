/**
 * What fusion did, for people and for scripts: plain data that goes into `fusion.json`.
 *
 * @module
 */
import type { LawName } from "./affine.ts";
import type { NetworkCost } from "./network_cost.ts";

/** A layer's output in a model: the layer and which of its calls. */
export interface LayerOutput {
  readonly layer: string;
  readonly node: number;
}

/** An affine stretch of the training form that became one convolution. */
export interface FusedRegion {
  /** The name of the layer that replaces it. */
  readonly name: string;
  /** The layers that merged, in the order in which they compute. */
  readonly layers: readonly string[];
  /** "Conv2D", "DepthwiseConv2D", "GroupedConv2D" or "ZeroPadding2D". */
  readonly className: string;
  /** [height, width, inChannels / groups, outChannels]. */
  readonly kernelShape: readonly number[];
  readonly groups: number;
  readonly strides: readonly [number, number];
  /** The activation that it carries, "linear" for none. */
  readonly activation: string;
  /** The largest difference that rounding to float32 made to a weight, relative to the largest weight. */
  readonly roundingError: number;
  /** Output pixels at each edge whose window reaches into the padding, at most. */
  readonly borderWidth: number;
  /** Multiply-accumulates for one image; `null` where the size of the image is not fixed. */
  readonly multiplyAccumulatesBefore: number | null;
  readonly multiplyAccumulatesAfter: number | null;
  /** The tensor of the training form that equals the output of the region. */
  readonly training: LayerOutput;
  /** Whether the training tensor lies in a nested model, where it cannot be looked at from outside. */
  readonly nested: boolean;
  readonly fused: LayerOutput;
}

/** A merge that was not done. */
export interface RefusedMerge {
  /** The layer that did not merge. */
  readonly layer: string;
  /** The layers that it would have merged with. */
  readonly partners: readonly string[];
  readonly law: LawName;
  readonly reason: string;
  /** What to change in the training network. */
  readonly advice: string;
}

/** The whole of what fusion did. */
export interface FusionReport {
  readonly regions: readonly FusedRegion[];
  readonly refusals: readonly RefusedMerge[];
  readonly before: NetworkCost;
  readonly after: NetworkCost;
}
