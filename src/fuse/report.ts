/**
 * What fusion did, for people and for scripts: plain data that goes into `fusion.json`.
 *
 * @module
 */
import type { NetworkCost } from "../graph/cost.ts";
import type { LawName } from "../graph/refusal.ts";

/** A layer's output in a model: the layer and which of its calls. */
export interface LayerOutput {
  /** The layer's name. */
  readonly layer: string;
  /** 0 for the first call. */
  readonly node: number;
}

/** An affine stretch of the training form that became one convolution. */
export interface FusedRegion {
  /** The name of the layer that replaces it. */
  readonly name: string;
  /** The layers that merged, in the order in which they compute. */
  readonly layers: readonly string[];
  /** Which calls of them, in the same order; for some branches of an addition that stays, that addition is the last. */
  readonly calls: readonly LayerOutput[];
  /** "Conv2D", "DepthwiseConv2D", "GroupedConv2D", "ZeroPadding2D", or "1D" for sequences; "Dense", "Scale". */
  readonly className: string;
  /** [height, width, inChannels / groups, outChannels]. */
  readonly kernelShape: readonly number[];
  /** Groups of channels; as many as input channels for a depthwise convolution. */
  readonly groups: number;
  /** Vertical and horizontal. */
  readonly strides: readonly [number, number];
  /** The activation that it carries, "linear" for none. */
  readonly activation: string;
  /** The largest difference that rounding to float32 made to a weight, relative to the largest weight. */
  readonly roundingError: number;
  /** MACs of the layers for one image; `null` where the size of the image is not fixed. */
  readonly macsBefore: number | null;
  /** The same for the layer that replaces them. */
  readonly macsAfter: number | null;
  /**
   * The tensor of the training form that equals the output of the region; `null` where there is none: the region is some
   * branches of an addition that stays, or half of a separable convolution.
   */
  readonly training: LayerOutput | null;
  /** Whether the training tensor lies in a nested model, where it cannot be looked at from outside. */
  readonly nested: boolean;
  /** The tensor of the fused form. */
  readonly fused: LayerOutput;
}

/** A merge that was not done. */
export interface RefusedMerge {
  /** The layer that did not merge. */
  readonly layer: string;
  /** The layers that it would have merged with. */
  readonly partners: readonly string[];
  /** What the merge fails on. */
  readonly law: LawName;
  /** What is in the way, with the numbers. */
  readonly reason: string;
  /** What to change in the training network. */
  readonly advice: string;
}

/** The whole of what fusion did. */
export interface FusionReport {
  /** What merged, in the order in which it computes. */
  readonly regions: readonly FusedRegion[];
  /** What did not merge, in the order of the layers. */
  readonly refusals: readonly RefusedMerge[];
  /** What the training form costs. */
  readonly before: NetworkCost;
  /** What the fused form costs. */
  readonly after: NetworkCost;
}
