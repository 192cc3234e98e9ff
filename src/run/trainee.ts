/**
 * What a run trains, and the whole network that comes of it: a network of ours, or a head on one of another program.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import { GateError } from "../errors.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { writeLayersModel } from "../formats/tfjs/write.ts";
import type { Block } from "../model/blocks/define.ts";
import { createHead, isForeign } from "../model/foreign.ts";
import { createNetwork } from "../model/network.ts";
import { openModel } from "../model/open_model.ts";
import type { Progress } from "../progress.ts";
import { imageExamples } from "../train/examples.ts";
import { behindFrozenStages } from "../train/frozen_stages.ts";
import { behindFrozenTrunk, type HeadOnTrunk } from "../train/frozen_trunk.ts";
import { type AnyRunConfig, normalizationOfRun } from "../train/run_config.ts";
import { type TrainedPart, wholeNetwork } from "../train/trained_part.ts";
import { keptSource, takeKeptWeights, trunkOfSource } from "./fine_tuning_source.ts";
import type { RunDirectory } from "./run_directory.ts";

/** Training images on which the head is looked at in its place. */
const COMPARED_IMAGES = 8;

/** How far logits on features that the fused trunk made may be from the whole network's, as a share of the largest. */
const TOLERANCE = 1e-3;

/** What a run trains. */
export interface Trainee {
  readonly part: TrainedPart;
  /**
   * The whole network with the weights as they are now, which is `model` itself or the receiver's to dispose.
   *
   * @throws {GateError} when it does not answer as the part that was trained does.
   */
  whole(): Promise<tf.LayersModel>;
}

/** The model that a run trains, with fresh weights: its network, or the head alone where that is all of it that trains. */
export function modelToTrain(
  { network, seed, training: { form } }: AnyRunConfig,
  own: Block | undefined,
): tf.LayersModel {
  return isForeign(network) ? createHead(network, seed) : createNetwork(network, { seed, form, own });
}

/**
 * Gives the model what it takes of its source, and runs what is frozen over all images.
 *
 * @param model Of {@link modelToTrain}.
 * @throws {InputError} when the run's copy of its source is gone or changed.
 */
export async function traineeOf(
  model: tf.LayersModel,
  run: RunDirectory,
  dataset: Dataset,
  config: AnyRunConfig,
  progress: Progress,
): Promise<Trainee> {
  const { from, network, seed, training } = config;
  const normalization = normalizationOfRun(config);
  const whole = () => Promise.resolve(model);
  if (from === undefined) return { part: wholeNetwork(model, dataset, training, normalization), whole };
  const onProgress = (done: number, count: number) =>
    progress.update("frozen layers", `${done}/${count} views`);
  const options = { ...from, normalization, seed, onProgress };
  if (isForeign(network)) {
    const source = readLayersModel(await keptSource(run, from));
    const trunk = trunkOfSource(source, run.source);
    const head = await behindFrozenTrunk(trunk, model, dataset, training, options);
    return { part: head.part, whole: () => wholeUnderHead(head, dataset, config, run) };
  }
  await takeKeptWeights(model, run, from);
  const part = from.freeze === 0
    ? wholeNetwork(model, dataset, training, normalization)
    : await behindFrozenStages(model, dataset, training, options);
  return { part, whole };
}

/**
 * Head and trunk in one, unfused, which must answer as the head does behind the fused trunk.
 *
 * @param run Whose they are, for errors.
 * @throws {GateError} when it does not.
 */
export async function wholeUnderHead(
  { part, whole }: HeadOnTrunk,
  dataset: Dataset,
  config: AnyRunConfig,
  run: RunDirectory,
): Promise<tf.LayersModel> {
  const model = await openModel(writeLayersModel(whole()), run.source);
  const images = imageExamples(dataset.train, dataset, { normalization: normalizationOfRun(config) });
  const first = Uint32Array.from({ length: Math.min(COMPARED_IMAGES, images.count) }, (_, i) => i);
  const difference = tf.tidy(() => {
    const expected = part.logitsOf(part.train.gather(first).values);
    const found = model.predict(images.gather(first).values) as tf.Tensor;
    return found.sub(expected).abs().max().div(expected.abs().max()).dataSync<"float32">()[0]!;
  });
  if (difference <= TOLERANCE) return model;
  model.dispose();
  throw new GateError(
    `The network of ${run.path} does not answer as its head was trained: logits on training images differ by ${
      difference.toExponential(1)
    } of the largest, at most ${TOLERANCE} is rounding.`,
    `See whether the source itself is fused with its proof: repfuse fuse ${config.from!.path}`,
  );
}
