/**
 * The ablation: every training form with every seed, one after the other. Results are written after each network, so an
 * interruption loses nothing but a part of an epoch.
 *
 * @module
 */
import { renderAblation } from "../charts/ablation_chart.ts";
import { InterruptedError } from "../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { exists, readJson } from "../files/read.ts";
import { formatCount } from "../text/quantities.ts";
import type { TrainingContext } from "./training_run.ts";
import type { MemberResult } from "../ablate/report.ts";
import { runMember } from "./ablation_member.ts";
import type { AblationFolder } from "./ablation_folder.ts";
import { type AblationPlan, type Member, membersOf } from "../ablate/plan.ts";
import { type AblationReport, summarizeAblation } from "../ablate/report.ts";
import { quoted } from "../text/shell.ts";

/**
 * Runs what is left of an ablation.
 *
 * @param folder The ablation, with its plan written.
 * @param plan Its plan.
 * @param context Backend, progress and interrupt.
 * @throws {InterruptedError} when the signal fired; everything is saved.
 * @throws {GateError} when a fused form is not its training form, or deploy costs differ that must be equal.
 */
export async function runAblation(
  folder: AblationFolder,
  plan: AblationPlan,
  context: TrainingContext,
): Promise<AblationReport> {
  const { progress, signal } = context;
  const members = membersOf(plan, folder.path);
  const title = describePlan(plan, members);
  const results = [...await storedResults(folder)];
  const isDone = ({ variant, seed }: Member) =>
    results.some((result) => result.variant === variant.name && result.seed === seed);
  progress.log(
    `ablation: ${formatCount(members.length, "network")}, ${results.length} of them done; ${folder.path}`,
  );
  for (const [i, member] of members.entries()) {
    if (isDone(member)) continue;
    if (signal.aborted) throw interrupted(folder, i, members.length);
    progress.log(`\n${i + 1}/${members.length}: ${member.variant.label}, seed ${member.seed}`);
    try {
      results.push(await runMember(member, context));
    } catch (error) {
      if (error instanceof InterruptedError) throw interrupted(folder, i, members.length);
      throw error;
    }
    await writeReport(
      folder,
      title,
      summarizeAblation(folder.path, results, results.length === members.length),
    );
  }
  const report = summarizeAblation(folder.path, results, true);
  await writeReport(folder, title, report);
  return report;
}

async function writeReport(folder: AblationFolder, title: string, report: AblationReport): Promise<void> {
  const rows = report.variants.map(({ label, fusedAccuracies, deploysPlain }) => ({
    name: deploysPlain ? label : `${label} (other deploy cost)`,
    accuracies: fusedAccuracies,
  }));
  const state = report.finished ? "" : ", not finished";
  await writeFileAtomically(folder.chart, renderAblation(rows, title + state));
  await writeJsonAtomically(folder.report, report);
}

/** "shapes10, 5 epochs, 3 seeds" */
function describePlan({ file, flags, seeds }: AblationPlan, members: readonly Member[]): string {
  const epochs = flags.training?.epochs ?? file.training?.epochs;
  return [
    members[0]!.request.data.source,
    ...(epochs === undefined ? [] : [formatCount(Number(epochs), "epoch")]),
    formatCount(seeds.length, "seed"),
  ].join(", ");
}

async function storedResults({ report }: AblationFolder): Promise<readonly MemberResult[]> {
  if (!(await exists(report))) return [];
  return (await readJson(report, "the report of an ablation") as AblationReport).members;
}

function interrupted({ path }: AblationFolder, done: number, count: number): InterruptedError {
  return new InterruptedError(
    `${done} of ${
      formatCount(count, "network")
    } of the ablation ${path} are done, and the one that was running is saved.`,
    `Go on with: repfuse ablate --resume ${quoted(path)}`,
  );
}
