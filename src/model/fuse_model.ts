/**
 * Fusion of a model in memory in one call.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { fuse } from "../formats/tfjs/fuse.ts";
import type { FusionReport } from "../fuse/report.ts";
import { artifactsOf } from "./artifacts.ts";
import { openModel } from "./open_model.ts";

/** A fused model and what was done to make it. */
export interface FusedModel {
  /** A functional model with weights of its own, for its receiver to dispose. */
  readonly model: tf.LayersModel;
  /** What merged, what did not and why, and what it saves. */
  readonly report: FusionReport;
}

/**
 * Fuses a model: every affine stretch between two non-linearities becomes one convolution, as {@link fuse} does it. The
 * model that is given stays as it is, and neither shares weights with the other.
 *
 * @param model As it computes at inference: BatchNorm with its running statistics.
 * @throws {InputError} when a layer's class is not registered, a weight is not finite, or a variance is negative; no
 *   tensor is left behind.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { fuseModel } from "./fuse_model.ts";
 *
 * const training = tf.sequential({
 *   layers: [
 *     tf.layers.conv2d({ name: "conv", filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
 *     tf.layers.batchNormalization({ name: "bn" }),
 *     tf.layers.reLU({ name: "relu" }),
 *   ],
 * });
 * const { model, report } = await fuseModel(training);
 * console.log(model.layers.length, report.regions[0]?.layers); // 2 [ "conv", "bn", "relu" ]
 * ```
 */
export async function fuseModel(model: tf.LayersModel): Promise<FusedModel> {
  requireRegistered(model);
  const { artifacts, report } = fuse(await artifactsOf(model));
  return { model: await openModel(artifacts, `${model.name}, fused`), report };
}

/** TensorFlow.js would find a class missing only after it has built what stands before, and leave that behind. */
function requireRegistered(model: tf.LayersModel): void {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  for (const layer of layersOf(model)) {
    const className = layer.getClassName();
    if (className in classNameMap) continue;
    throw new InputError(
      `Cannot fuse model ${model.name}: layer "${layer.name}" is of class ${className}, which is not registered.`,
      `Call tf.serialization.registerClass(${className}) first.`,
    );
  }
}

/** The layers of a model, those of nested models and of wrappers among them. */
function layersOf(
  outer: { readonly layers?: tf.layers.Layer[]; readonly layer?: tf.layers.Layer },
): tf.layers.Layer[] {
  const inner = [...outer.layers ?? [], ...outer.layer === undefined ? [] : [outer.layer]];
  return inner.flatMap((layer) => [layer, ...layersOf(layer as typeof outer)]);
}
