/**
 * A training run from beginning to end: data, network, session, checkpoints, curves, and at last the frozen model with
 * its BN snapshot.
 *
 * @module
 */
import { appendFile } from "node:fs/promises";
import type * as tf from "@tensorflow/tfjs";
import { renderCurves } from "../charts/curves.ts";
import type { Progress } from "../progress.ts";
import { cutBatches, epochOrder } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { withValidation } from "../data/validation.ts";
import { InputError, InterruptedError } from "../errors.ts";
import { saveLayersModel } from "../formats/tfjs/layers_model.ts";
import { kindByNames, replaceFolder } from "../files/output_folder.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import type { BackendInfo } from "../kernels/tfjs/backend.ts";
import { artifactsOf } from "../model/artifacts.ts";
import { POOL_LAYER } from "../model/architecture.ts";
import { Random } from "../random.ts";
import { bnSnapshotOf } from "../train/bn_snapshot.ts";
import {
  checkpointPaths,
  loadCheckpoint,
  loadNewestCheckpoint,
  saveCheckpoint,
} from "../train/checkpoint.ts";
import { evaluate } from "../train/evaluate.ts";
import { train } from "../train/loop.ts";
import { bestEpoch, type EpochMetrics, type EpochTiming } from "../train/metrics.ts";
import { recalibrate } from "../train/recalibrate.ts";
import { trainingForward } from "../train/forward.ts";
import type { TrainedPart } from "../train/trained_part.ts";
import { TrainingSession } from "../train/session.ts";
import {
  type AnyRunConfig,
  fingerprintOf,
  normalizationOfRun,
  type RequestedConfig,
} from "../train/run_config.ts";
import type { OwnBlock } from "../model/blocks/own.ts";
import { checkBlockFile } from "./block_file.ts";
import { readRunConfig } from "./config.ts";
import { describeEnvironment } from "../timing/environment.ts";
import type { Datasets } from "./datasets.ts";
import { keepSource, readFineTuningSource } from "./fine_tuning_source.ts";
import { writeReport } from "./report_run.ts";
import { createRunDirectory, openRunDirectory, type RunDirectory } from "./run_directory.ts";
import { modelToTrain, type Trainee, traineeOf } from "./trainee.ts";
import { describeEpoch, describeStart, describeStep } from "./training_words.ts";
import { formatCount } from "../text/quantities.ts";
import { quoted } from "../text/shell.ts";

/** The folder of a run's training form. */
const SNAPSHOT = kindByNames("the snapshot", "bn_snapshot.json", {
  keys: ["hash"],
  names: /^(model\.json|weights-\d+of\d+\.bin)$/,
});

/** The surroundings of a training run. */
export interface TrainingContext {
  readonly backend: BackendInfo;
  readonly progress: Progress;
  readonly datasets: Datasets;
  /** Fires to save and stop. */
  readonly signal: AbortSignal;
}

/** What `repfuse train --json` prints. */
export interface TrainingSummary {
  readonly run: string;
  /** Epochs that were trained: fewer than asked for where it stopped early. */
  readonly epochs: number;
  /** The epoch whose weights were frozen. */
  readonly keptEpoch: number;
  /** Share of the validation images that the best epoch classified right; undefined where there are none. */
  readonly bestValidationAccuracy?: number;
  /** Share of the test images that the frozen model classifies right. */
  readonly testAccuracy: number;
  /** Training images per second, over the steps of this process. */
  readonly imagesPerSecond: number;
  /** Wall time of this process's training, evaluation and saving included. */
  readonly seconds: number;
}

/** A new run, ready to be trained. */
export interface PreparedTraining {
  readonly run: RunDirectory;
  readonly config: AnyRunConfig;
  readonly dataset: Dataset;
  /**
   * Trains it, once.
   *
   * @throws {InterruptedError} when the signal fired; the state is saved.
   */
  train(): Promise<TrainingSummary>;
}

/**
 * Starts a new run; as {@link prepareTraining}, and trained.
 *
 * @throws {InterruptedError} when the signal fired; the state is saved.
 */
export async function startTraining(
  request: RequestedConfig,
  context: TrainingContext,
  folder?: string,
): Promise<TrainingSummary> {
  const prepared = await prepareTraining(request, context, folder);
  return await prepared.train();
}

/**
 * Makes the folder of a new run, and its network.
 *
 * @param request What was asked for.
 * @param context Backend, progress and interrupt.
 * @param folder Where the run goes; a new folder of its own below `runs/` when not given.
 * @throws {InputError} when the data or the configuration is bad, before anything is written.
 */
export async function prepareTraining(
  request: RequestedConfig,
  context: TrainingContext,
  folder?: string,
): Promise<PreparedTraining> {
  const { log } = context.progress;
  const source = request.from && await readFineTuningSource(request.from, request.data.imageSize, log);
  const [height, width] = source?.network.inputSize ?? [];
  const imageSize = request.data.imageSize ?? (height === width ? height : undefined);
  const dataset = await context.datasets.get({ ...request.data, imageSize });
  const config = request.resolve(dataset, (message) => context.progress.log(message), source);
  const model = modelToTrain(config, request.own);
  const now = new Date();
  const run = folder === undefined
    ? await createRunDirectory(config.preset, now)
    : await openRunDirectory(folder);
  if (source !== undefined) await keepSource(run, source);
  await writeJsonAtomically(run.config, config);
  await writeJsonAtomically(run.environment, describeEnvironment(context.backend, now));
  return { run, config, dataset, train: () => continueRun(run, config, dataset, model, context) };
}

/**
 * Goes on with a run that was interrupted, so that it ends as if it never had been.
 *
 * @param run The run.
 * @param context Backend, progress and interrupt.
 * @param own The block, where the run is made of a person's own.
 * @throws {InputError} when its data or its block has changed, or no checkpoint is whole.
 */
export async function resumeTraining(
  run: RunDirectory,
  context: TrainingContext,
  own?: OwnBlock,
): Promise<TrainingSummary> {
  const config = await readRunConfig(run.config);
  checkBlockFile(config.network, own, run.path);
  const dataset = await context.datasets.get(config.data);
  if (dataset.checksum !== config.data.checksum) {
    throw new InputError(
      `The data set ${config.data.source} is not the one that ${run.path} began with: its checksum is ` +
        `${dataset.checksum.slice(0, 12)}, not ${config.data.checksum.slice(0, 12)}.`,
      "Bring the data back, or start a new run: repfuse train",
    );
  }
  const model = modelToTrain(config, own?.block);
  return await continueRun(run, config, dataset, model, context);
}

async function continueRun(
  run: RunDirectory,
  config: AnyRunConfig,
  loaded: Dataset,
  model: tf.LayersModel,
  { progress, signal }: TrainingContext,
): Promise<TrainingSummary> {
  const dataset = steeredDataset(loaded, config);
  const trainee = await traineeOf(model, run, dataset, config, progress);
  const session = new TrainingSession(model, dataset, config.training, config.seed, trainee.part);
  const architecture = await fingerprintOf(config);
  const expected = { architecture, tensors: session.expectedTensors() };
  const state = await loadNewestCheckpoint(run.checkpoints, expected, (message) => progress.log(message));
  if (state !== undefined) session.restore(state);
  progress.log(describeStart(run, config, dataset, model, session));

  const startMs = performance.now();
  const timings: EpochTiming[] = [];
  const outcome = await train(session, config.training.batchSize, {
    onStep: (session, imagesPerSecond) =>
      progress.update(
        ...describeStep(session, config.training.epochs, config.training.batchSize, imagesPerSecond),
      ),
    async onEpoch(metrics, timing) {
      timings.push(timing);
      const isBest = bestEpoch(session.history) === metrics;
      await saveCheckpoint(run.checkpoints, session.capture(), architecture, isBest);
      await writeMetrics(run, session.history, timing);
      await writeReport(run);
      progress.log(describeEpoch(metrics, timing, config.training.epochs));
    },
  }, signal);
  if (outcome === "interrupted") {
    await saveCheckpoint(run.checkpoints, session.capture(), architecture, false);
    throw new InterruptedError(
      `the run ${run.path} is saved after step ${session.step} of epoch ${session.epoch + 1}.`,
      `Go on with: repfuse train --resume ${quoted(run.path)}${blockFlag(config)}`,
    );
  }

  const epochs = session.epoch;
  const best = bestEpoch(session.history);
  if (config.training.keep === "best") {
    session.restore(await loadCheckpoint(checkpointPaths(run.checkpoints).best, expected));
  }
  const keptEpoch = session.epoch;
  session.adoptServedWeights();
  const testAccuracy = await freeze(run, config, dataset, model, trainee, progress);
  session.dispose();
  model.dispose();
  const seconds = (performance.now() - startMs) / 1000;
  return {
    run: run.path,
    epochs,
    keptEpoch,
    ...(best === undefined ? {} : { bestValidationAccuracy: best.validationAccuracy! }),
    testAccuracy,
    imagesPerSecond: timings.length === 0
      ? 0
      : timings.reduce((sum, timing) => sum + timing.imagesPerSecond, 0) / timings.length,
    seconds,
  };
}

/**
 * The data set with the images that choose the best epoch.
 *
 * @throws {InputError} when an epoch is to be chosen and there are none.
 */
function steeredDataset(dataset: Dataset, { training, seed }: AnyRunConfig): Dataset {
  const steered = withValidation(dataset, training.validationShare, seed);
  if (steered.validation !== undefined || (training.keep === "last" && training.patience === 0)) {
    return steered;
  }
  throw new InputError(
    `There are no validation images to choose the best epoch by: a share of ${training.validationShare} of the ` +
      `${dataset.train.count} training images is not one of any class.`,
    "Give a larger --validation, or a folder validation/ beside train/; or leave out --keep best and --patience.",
  );
}

/** What must be typed again of a run that is made of a person's own block. */
function blockFlag({ network }: AnyRunConfig): string {
  return network.block === "file" ? ` --block ${quoted(network.file.path)}` : "";
}

/** Recalibrates where asked, then writes the model and its BN snapshot. Returns the test accuracy of what it wrote. */
async function freeze(
  run: RunDirectory,
  config: AnyRunConfig,
  dataset: Dataset,
  model: tf.LayersModel,
  { part, whole }: Trainee,
  progress: Progress,
): Promise<number> {
  if (config.training.recalibrateBatches > 0) {
    progress.log(
      `BatchNorm statistics recomputed over ${
        formatCount(config.training.recalibrateBatches, "batch", "batches")
      }.`,
    );
    const features = model.getLayer(POOL_LAYER).output as tf.SymbolicTensor;
    recalibrate(model, recalibrationBatches(config, part), trainingForward(part.input, features));
  }
  const shape = { height: dataset.height, width: dataset.width, channels: dataset.channels };
  const network = await whole();
  const { accuracy } = evaluate(network, dataset.test, shape, normalizationOfRun(config));
  const artifacts = await artifactsOf(network);
  if (network !== model) network.dispose();
  const snapshot = await bnSnapshotOf(artifacts);
  await replaceFolder({ path: run.snapshot, kind: SNAPSHOT, inputs: [] }, async (folder) => {
    await saveLayersModel(folder, artifacts);
    await writeJsonAtomically(`${folder}/bn_snapshot.json`, snapshot);
  });
  return accuracy;
}

/** Batches of training images without augmentation, in an order of their own; each is freed when the next is drawn. */
function* recalibrationBatches(config: AnyRunConfig, { train }: TrainedPart): Generator<tf.Tensor> {
  const { batchSize, recalibrateBatches } = config.training;
  const random = Random.from(config.seed, "recalibrate");
  for (let done = 0; done < recalibrateBatches;) {
    for (const indices of cutBatches(epochOrder(train.count, random), batchSize, "drop")) {
      if (done++ >= recalibrateBatches) return;
      const { values } = train.gather(indices);
      yield values;
      values.dispose();
    }
  }
}

async function writeMetrics(
  run: RunDirectory,
  history: readonly EpochMetrics[],
  timing: EpochTiming,
): Promise<void> {
  await writeFileAtomically(run.metrics, history.map((metrics) => JSON.stringify(metrics) + "\n").join(""));
  await appendFile(run.timing, JSON.stringify(timing) + "\n");
  await writeFileAtomically(run.curves, renderCurves(history, run.path.split("/").at(-1)!));
}
