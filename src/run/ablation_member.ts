/**
 * One network of an ablation, from wherever it stands to its result: trained, fused and proven, and its fused form
 * measured on the test images.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { loadLayersModelArtifacts } from "../formats/tfjs/layers_model.ts";
import { exists, readBytes } from "../files/read.ts";
import type { MemberResult } from "../ablate/report.ts";
import type { OwnBlock } from "../model/blocks/own.ts";
import { openModel } from "../model/open_model.ts";
import { fuseRun } from "./fusion_run.ts";
import { type RunDirectory, runDirectoryAt } from "./run_directory.ts";
import { resumeTraining, startTraining, type TrainingContext } from "./training_run.ts";
import { evaluate } from "../train/evaluate.ts";
import { bestEpoch, type EpochMetrics, type EpochTiming } from "../train/metrics.ts";
import { isOwnNetwork, type RunConfig } from "../train/run_config.ts";
import { type AblationPlan, type Member, requestOf } from "../ablate/plan.ts";
import type { Setting, Trial } from "../ablate/search.ts";
import { widthsOf } from "../ablate/shape.ts";
import { InputError } from "../errors.ts";
import { readRunConfig } from "./config.ts";

/** The surroundings of an ablation's networks. */
export interface MemberContext extends TrainingContext {
  readonly plan: AblationPlan;
  /** A person's own block, where one of the forms is of it. */
  readonly own?: OwnBlock | undefined;
}

/**
 * Brings a member to its end. What it finds done stays: a half-trained run goes on from its checkpoint.
 *
 * @throws {InterruptedError} when the signal fired during training; the state is saved.
 * @throws {GateError} when the fused form is not the training form.
 */
export async function runMember(member: Member, context: MemberContext): Promise<MemberResult> {
  const { progress, datasets } = context;
  const { run, config } = await trainMember(member, context);
  const { record } = await fuseRun(run, { output: run.fused, progress, datasets });
  const { variant, seed, setting } = member;
  return {
    variant,
    seed,
    ...setting,
    run: run.path,
    fusedAccuracy: await accuracyOf(run.fused, await datasets.get(config.data)),
    trainingSeconds: await trainingSeconds(run),
    widths: widthsOf(config.network),
    trainingCost: record.before,
    deployCost: record.after,
  };
}

/**
 * Brings a candidate of a search to its end: it is neither fused nor shown a test image.
 *
 * @throws {InterruptedError} when the signal fired during training; the state is saved.
 * @throws {InputError} when there are no validation images.
 */
export async function runTrial(member: Member, context: MemberContext): Promise<Trial> {
  const { run, config } = await trainMember(member, context);
  const history = await linesOf<EpochMetrics>(run.metrics, "the metrics of a run");
  const kept = config.training.keep === "best" ? bestEpoch(history) : history.at(-1);
  if (kept?.validationAccuracy === undefined) {
    throw new InputError(
      "There are no validation images to choose shapes by.",
      'Leave "validationShare" of the training configuration above 0.',
    );
  }
  const { variant, setting } = member;
  return {
    variant,
    ...setting as Required<Setting>,
    run: run.path,
    validationAccuracy: kept.validationAccuracy,
  };
}

async function trainMember(
  member: Member,
  context: MemberContext,
): Promise<{ run: RunDirectory; config: RunConfig }> {
  const { plan, own } = context;
  const run = runDirectoryAt(member.path);
  if (!(await exists(run.config))) await startTraining(requestOf(plan, member, own), context, run.path);
  const config = await readRunConfig(run.config);
  if (!isOwnNetwork(config)) {
    throw new InputError(`${run.path} is no member of an ablation: it has the network of another program.`);
  }
  if (!(await exists(run.bnSnapshot))) {
    await resumeTraining(run, context, config.network.block === "file" ? own : undefined);
  }
  return { run, config };
}

async function accuracyOf(folder: string, dataset: Dataset): Promise<number> {
  const model = await openModel(await loadLayersModelArtifacts(folder), folder);
  try {
    const { height, width, channels } = dataset;
    return evaluate(model, dataset.test, { height, width, channels }).accuracy;
  } finally {
    model.dispose();
  }
}

/** An epoch that was begun twice counts with the time of its last end. */
async function trainingSeconds(run: RunDirectory): Promise<number> {
  const timings = await linesOf<EpochTiming>(run.timing, "the timing of a run");
  const byEpoch = new Map(timings.map(({ epoch, seconds }) => [epoch, seconds]));
  return Array.from(byEpoch.values()).reduce((sum, seconds) => sum + seconds, 0);
}

async function linesOf<Line>(path: string, what: string): Promise<Line[]> {
  const text = new TextDecoder().decode(await readBytes(path, what));
  return text.trim().split("\n").map((line) => JSON.parse(line) as Line);
}
