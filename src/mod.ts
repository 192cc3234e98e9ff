/**
 * RepFuse: train wide, deploy plain. A multi-branch network is trained, its BatchNorm statistics are frozen, every block
 * is folded into one plain convolution, and a proof says that nothing changed.
 *
 * The heart is {@link fuse}, a pure function over the standard TensorFlow.js artifact:
 *
 * ```ts ignore
 * import { fuse, loadLayersModelArtifacts, saveLayersModel } from "@repfuse/repfuse";
 * const { artifacts, report } = fuse(await loadLayersModelArtifacts("training/model.json"));
 * await saveLayersModel("plain", artifacts);
 * console.log(report.before.multiplyAccumulates, report.after.multiplyAccumulates);
 * ```
 *
 * @module
 */
export * from "./errors.ts";
export * from "./random.ts";

export type { Dataset, Split } from "./data/dataset.ts";
export { loadDataset, type LoadOptions } from "./data/load.ts";
export { NORMALIZATION } from "./data/normalization.ts";

export * from "./model/config.ts";
export { createNetwork } from "./model/network.ts";
export { openModel } from "./model/open_model.ts";
export { PRESET_NAMES, presetConfig } from "./model/presets.ts";

export { type TrainingConfig, trainingSchema } from "./train/config.ts";
export { train, type TrainingObserver } from "./train/loop.ts";
export type { EpochMetrics, EpochTiming } from "./train/metrics.ts";
export { TrainingSession } from "./train/session.ts";
export type { SessionState, StoredTensor } from "./train/state.ts";
export { type BnSnapshot, bnSnapshotOf, type BnStatistics } from "./train/bn_snapshot.ts";

export { fuse, type Fusion } from "./fuse/fuse.ts";
export type { NetworkCost } from "./fuse/network_cost.ts";
export { type BeforeAfter, inspect, type InspectedRegion, type Inspection } from "./inspect/inspect.ts";
export type { Band, BandNode } from "./inspect/bands.ts";
export type { Role } from "./inspect/labels.ts";
export type { FusedRegion, FusionReport, LayerOutput, RefusedMerge } from "./fuse/report.ts";
export {
  type Batch,
  EQUIVALENCE_TOLERANCE,
  type FusionProof,
  type VerificationRequest,
  verifyFusion,
} from "./classify/verify.ts";
export type { Difference } from "./classify/comparison.ts";

export { loadLayersModelArtifacts, saveLayersModel } from "./formats/tfjs/layers_model.ts";
export { type OnnxOptions, writeOnnx } from "./formats/onnx/model.ts";
export { type Precision, PRECISIONS, withPrecision } from "./formats/tfjs/precision.ts";
export { readSafetensors } from "./formats/safetensors/read.ts";
export {
  type Dtype,
  type RawTensor,
  type SafetensorsContent,
  writeSafetensors,
} from "./formats/safetensors/write.ts";

export { type BackendInfo, type BackendOptions, startBackend } from "./kernels/backend.ts";
