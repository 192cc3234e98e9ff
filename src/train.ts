/**
 * `repfuse/train`: data sets, networks in their training form, and their training.
 *
 * @module
 */
export { train, type TrainingObserver } from "./train/loop.ts";
export { type TrainingConfig, trainingSchema } from "./train/config.ts";
export type { EpochMetrics, EpochTiming } from "./train/metrics.ts";
export { TrainingSession } from "./train/session.ts";
export type { SessionState, StoredTensor } from "./train/state.ts";
export { type BnSnapshot, bnSnapshotOf, type BnStatistics } from "./train/bn_snapshot.ts";

export type { Dataset, Split } from "./data/dataset.ts";
export { loadDataset, type LoadOptions } from "./data/load.ts";
export { NORMALIZATION } from "./data/normalization.ts";

export * from "./model/config.ts";
export * from "./model/blocks/block.ts";
export * from "./model/blocks/define.ts";
export {
  channelsOf,
  type Convolution,
  convolutionBn,
  type DenseLayer,
  type LayerBuilder,
  type LayerValue,
  reachOf,
  zeroPad,
} from "./model/layer_builder.ts";
export { createNetwork } from "./model/network.ts";
export { openModel } from "./model/open_model.ts";
export { PRESET_NAMES, presetConfig } from "./model/presets.ts";
export * from "./random.ts";
