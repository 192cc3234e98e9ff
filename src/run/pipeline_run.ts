/**
 * The main job: train, fuse, bench and evaluate in a row, from nothing to a measured fused model. The stages share their
 * data set, which is decoded and hashed once.
 *
 * @module
 */
import type { BenchSettings } from "../bench/bench.ts";
import type { BenchReport } from "../bench/report.ts";
import type { Evaluation } from "../classify/evaluation.ts";
import type { RequestedConfig } from "../train/run_config.ts";
import { openRuntime } from "../runtime/machine.ts";
import { benchRun } from "./bench_run.ts";
import { evaluate } from "./evaluation_run.ts";
import type { FusionResult } from "./fusion_output.ts";
import { fuseRun } from "./fusion_run.ts";
import { openClassifier } from "./open_classifier.ts";
import { type RunDirectory, runDirectoryAt } from "./run_directory.ts";
import { startTraining, type TrainingContext, type TrainingSummary } from "./training_run.ts";

/** The surroundings of a pipeline. */
export interface PipelineContext extends TrainingContext {
  /** How to measure. */
  readonly settings: BenchSettings;
  /** Told what the stages have reached, each when it is done. */
  readonly onTrained?: (summary: TrainingSummary) => void;
  readonly onFused?: (result: FusionResult) => void;
}

/** What the stages have reached. */
export interface PipelineResult {
  readonly run: RunDirectory;
  readonly training: TrainingSummary;
  readonly fusion: FusionResult;
  readonly bench: BenchReport;
  /** Of the fused form, on the test images. */
  readonly evaluation: Evaluation;
}

/**
 * Runs all stages.
 *
 * @param request The network, the data and the training.
 * @param folder Where the run goes; a new folder of its own below `runs/` when not given.
 * @throws {InputError} when the data or the configuration is bad, before anything is written.
 * @throws {InterruptedError} when the signal fired during training; the state is saved.
 * @throws {GateError} when the forms differ.
 */
export async function runPipeline(
  request: RequestedConfig,
  context: PipelineContext,
  folder?: string,
): Promise<PipelineResult> {
  const training = await startTraining(request, context, folder);
  context.onTrained?.(training);
  const run = runDirectoryAt(training.run);
  const fusion = await fuseRun(run, { ...context, output: run.fused });
  context.onFused?.(fusion);
  const bench = await benchRun(run, context.settings, { ...context, output: run });
  const { kernels, instructionSet, threads } = context.backend;
  const network = await openClassifier(run.path, "fused", {
    ...(kernels === "stock" ? {} : { runtime: () => openRuntime({ instructionSet, threads }) }),
    startTfjs: () => Promise.resolve(),
  });
  const { evaluation } = await evaluate(network, context).finally(() => network.classifier.dispose());
  return { run, training, fusion, bench, evaluation };
}
