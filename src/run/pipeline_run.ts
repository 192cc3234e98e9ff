/**
 * The main job: train, fuse, bench and evaluate in a row, from nothing to a measured fused model. The stages share their
 * data set, which is decoded and hashed once.
 *
 * @module
 */
import type { BenchSettings } from "../bench/bench.ts";
import type { BenchReport } from "../bench/report.ts";
import type { Evaluation } from "../classify/evaluation.ts";
import { writeJsonAtomically } from "../files/atomic_write.ts";
import type { TwinComparison } from "../report/run_files.ts";
import type { RequestedConfig } from "../train/run_config.ts";
import { openRuntime } from "../runtime/machine.ts";
import { benchRun } from "./bench_run.ts";
import { evaluate } from "./evaluation_run.ts";
import type { FusionResult } from "./fusion_output.ts";
import { fuseRun } from "./fusion_run.ts";
import { openClassifier } from "./open_classifier.ts";
import type { RunDirectory } from "./run_directory.ts";
import { prepareTraining, type TrainingContext, type TrainingSummary } from "./training_run.ts";
import { trainWithTwin } from "./twin_run.ts";

/** The surroundings of a pipeline. */
export interface PipelineContext extends TrainingContext {
  /** Whether the plain twin is trained as well, to compare with. */
  readonly twin: boolean;
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
  /** Beside its plain twin, where that was trained as well. */
  readonly twin?: TwinComparison | undefined;
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
  const prepared = await prepareTraining(request, context, folder);
  const { run } = prepared;
  const { training, plain } = context.twin
    ? await trainWithTwin(prepared, context)
    : { training: await prepared.train(), plain: undefined };
  context.onTrained?.(training);
  const fusion = await fuseRun(run, { ...context, output: run.fused });
  context.onFused?.(fusion);
  const bench = await benchRun(run, context.settings, { ...context, output: run });
  const { kernels, instructionSet, threads } = context.backend;
  const network = await openClassifier(run.path, "fused", {
    ...(kernels === "stock" ? {} : { runtime: () => openRuntime({ instructionSet, threads }) }),
    startTfjs: () => Promise.resolve(),
  });
  const { evaluation } = await evaluate(network, context).finally(() => network.classifier.dispose());
  if (plain === undefined) return { run, training, fusion, bench, evaluation };
  const twin = { plainAccuracy: plain.testAccuracy, fusedAccuracy: evaluation.accuracy };
  await writeJsonAtomically(run.twinComparison, twin);
  return { run, training, fusion, bench, evaluation, twin };
}
