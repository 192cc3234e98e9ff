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
import type { EpochTiming } from "../train/metrics.ts";
import type { Member } from "../ablate/plan.ts";

/**
 * Brings a member to its end. What it finds done stays: a half-trained run goes on from its checkpoint.
 *
 * @param own A person's own block, where one of the forms is of it.
 * @throws {InterruptedError} when the signal fired during training; the state is saved.
 * @throws {GateError} when the fused form is not the training form.
 */
export async function runMember(
  member: Member,
  context: TrainingContext,
  own?: OwnBlock,
): Promise<MemberResult> {
  const { progress, datasets } = context;
  const run = runDirectoryAt(member.path);
  if (!(await exists(run.config))) await startTraining(member.request, context, run.path);
  else if (!(await exists(run.bnSnapshot))) {
    await resumeTraining(run, context, member.variant.block === "file" ? own : undefined);
  }
  const { record } = await fuseRun(run, {
    output: run.fused,
    progress,
    datasets,
  });
  const dataset = await datasets.get(member.request.data);
  return {
    variant: member.variant.name,
    seed: member.seed,
    ...(member.depth === undefined ? {} : { depth: member.depth }),
    run: run.path,
    fusedAccuracy: await accuracyOf(run.fused, dataset),
    trainingSeconds: await trainingSeconds(run),
    trainingCost: record.before,
    deployCost: record.after,
  };
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
  const text = new TextDecoder().decode(await readBytes(run.timing, "the timing of a run"));
  const lines = text.trim().split("\n");
  const timings = lines.map((line) => JSON.parse(line) as EpochTiming);
  const byEpoch = new Map(timings.map(({ epoch, seconds }) => [epoch, seconds]));
  return Array.from(byEpoch.values()).reduce((sum, seconds) => sum + seconds, 0);
}
