/**
 * RepFuse: train wide, deploy plain. A multi-branch network is trained, its BatchNorm statistics are frozen, every block
 * is folded into one plain convolution, and a proof says that nothing changed.
 *
 * The heart is {@link fuse}, a pure function over the standard TensorFlow.js artifact:
 *
 * ```ts ignore
 * import { fuse } from "repfuse";
 * import { loadLayersModelArtifacts, saveLayersModel } from "repfuse/formats";
 * const { artifacts, report } = fuse(await loadLayersModelArtifacts("training/model.json"));
 * await saveLayersModel("plain", artifacts);
 * console.log(report.before.macs, report.after.macs);
 * ```
 *
 * {@link fuseModel} does the same with a model in memory. Files are read and written by `repfuse/formats`, networks are
 * made and trained by `repfuse/train`, and `repfuse/kernels` makes any TensorFlow.js program on the wasm backend faster.
 *
 * @module
 */
export * from "./errors.ts";

export { fuse, type Fusion } from "./formats/tfjs/fuse.ts";
export { type FusedGraph, fuseGraph } from "./fuse/fuse.ts";
export { type FusedModel, fuseModel } from "./model/fuse_model.ts";
export type { NetworkCost } from "./graph/cost.ts";
export type { FusedRegion, FusionReport, LayerOutput, RefusedMerge } from "./fuse/report.ts";
export { type BeforeAfter, inspect, type InspectedRegion, type Inspection } from "./inspect/inspect.ts";
export type { Band, BandNode } from "./inspect/bands.ts";
export type { Role } from "./inspect/labels.ts";
export type { FusionProof, Verdict } from "./proof/equivalence.ts";
export { EQUIVALENCE_TOLERANCE, type Rounding } from "./proof/rounding.ts";
export { type Batch, type VerificationRequest, verifyFusion } from "./proof/tensorflow.ts";
export type { Difference } from "./proof/comparison.ts";
