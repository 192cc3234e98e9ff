/**
 * The ablation: every training form with every seed, several side by side. Results are written after each network, so an
 * interruption loses nothing but a part of an epoch.
 *
 * @module
 */
import { type AblationPlan, type Member, membersOf } from "../ablate/plan.ts";
import { type AblationReport, type MemberResult, summarizeAblation } from "../ablate/report.ts";
import { intervalOf } from "../ablate/student.ts";
import { variantsWith } from "../ablate/variants.ts";
import { renderAblation } from "../charts/ablation_chart.ts";
import { renderDepths } from "../charts/depth_chart.ts";
import { InterruptedError } from "../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { exists, readJson } from "../files/read.ts";
import type { BackendOptions } from "../kernels/tfjs/backend.ts";
import type { OwnBlock } from "../model/blocks/own.ts";
import type { Progress } from "../progress.ts";
import { formatCount } from "../text/quantities.ts";
import { quoted } from "../text/shell.ts";
import type { AblationFolder } from "./ablation_folder.ts";
import type { AblationStart } from "./ablation_worker.ts";
import { Datasets } from "./datasets.ts";
import { Lane } from "./lane.ts";

/** The surroundings of an ablation. */
export interface AblationContext {
  readonly progress: Progress;
  /** Fires to save and stop. */
  readonly signal: AbortSignal;
  /** How many networks train side by side. */
  readonly jobs: number;
  /** What each of them computes with. */
  readonly backend: BackendOptions;
  /** A person's own block, where one of the forms is of it. */
  readonly own?: OwnBlock | undefined;
}

/**
 * Runs what is left of an ablation.
 *
 * @param folder The ablation, with its plan written.
 * @param plan Its plan.
 * @throws {InterruptedError} when the signal fired; everything is saved.
 * @throws {GateError} when a fused form is not its training form, or deploy costs differ that must be equal.
 */
export async function runAblation(
  folder: AblationFolder,
  plan: AblationPlan,
  { progress, signal, jobs, backend, own }: AblationContext,
): Promise<AblationReport> {
  const members = membersOf(plan, folder.path, own);
  const title = describePlan(plan, members);
  const known = variantsWith(own);
  const stored = await storedResults(folder);
  const results = new Map(members.flatMap((member) => {
    const result = stored.find((result) => isOf(member, result));
    return result === undefined ? [] : [[member.path, result] as const];
  }));
  const left = members.filter(({ path }) => !results.has(path));
  const count = Math.min(jobs, left.length);
  progress.log(
    `ablation: ${formatCount(members.length, "network")}, ${results.size} of them done` +
      `${count > 1 ? `, ${count} side by side` : ""}; ${folder.path}`,
  );

  if (left.length > 0) {
    // Drawn or read once before several do it, and every configuration is looked at before any is trained.
    const dataset = await new Datasets(progress).get(left[0]!.request.data);
    for (const { request } of left) request.resolve(dataset);
  }
  let writing: Promise<unknown> = Promise.resolve();
  await write();
  const faults = new AbortController();
  const stop = AbortSignal.any([signal, faults.signal]);
  const queue = left.values();
  const told = shared(progress, () => `${results.size} of ${members.length} done`);
  await Promise.allSettled(Array.from({ length: count }, async () => {
    const lane = new Lane<AblationStart, string, MemberResult>("ablation_worker", {
      folder: folder.path,
      block: own?.file.path,
      backend,
    });
    try {
      for (const member of queue) {
        if (stop.aborted) break;
        const result = await lane.run(member.path, member.path, told(nameOf(member)), stop);
        results.set(member.path, result);
        await write();
      }
    } catch (error) {
      faults.abort(error);
    } finally {
      await lane.close();
    }
  }));
  if (signal.aborted && results.size < members.length) throw interrupted(folder, results.size, members, own);
  if (faults.signal.aborted) throw faults.signal.reason;
  return await write();

  /** Results in the order of the plan, whatever came first; one writing after the other. */
  function write(): Promise<AblationReport> {
    const written = writing.then(async () => {
      const inOrder = members.flatMap(({ path }) => results.get(path) ?? []);
      const summary = summarizeAblation(folder.path, inOrder, inOrder.length === members.length, known);
      if (inOrder.length > 0) await writeReport(folder, title, summary);
      return summary;
    });
    writing = written;
    return written;
  }
}

/** Says whose line it is; what is shown and replaced is where each stands. */
function shared(progress: Progress, head: () => string): (name: string) => Progress {
  const parts = new Map<string, string>();
  return (name) => {
    parts.clear();
    return {
      log: (line) => progress.log(line.split("\n").map((line) => `${name}: ${line}`).join("\n")),
      update(part = "") {
        parts.set(name, `${name}: ${part}`);
        progress.update(head(), ...parts.values());
      },
    };
  };
}

function nameOf({ variant, depth, seed }: Member): string {
  return `${variant.name}${depth === undefined ? "" : `, depth ${depth}`}, seed ${seed}`;
}

function isOf({ variant, depth, seed }: Member, result: MemberResult): boolean {
  return result.variant === variant.name && result.depth === depth && result.seed === seed;
}

async function writeReport(folder: AblationFolder, title: string, report: AblationReport): Promise<void> {
  const state = report.finished ? "" : ", not finished";
  await writeFileAtomically(folder.chart, renderChart(report, title + state));
  await writeJsonAtomically(folder.report, report);
}

function renderChart({ variants }: AblationReport, title: string): string {
  const named = variants.map((row) => ({
    ...row,
    name: row.deploysPlain ? row.label : `${row.label} (other deploy cost)`,
  }));
  const points = named.flatMap(({ name, depth, fusedAccuracies }) =>
    depth === undefined ? [] : [{ name, depth, accuracy: intervalOf(fusedAccuracies) }]
  );
  if (points.length > 0) return renderDepths(points, title);
  return renderAblation(
    named.map(({ name, fusedAccuracies }) => ({ name, accuracies: fusedAccuracies })),
    title,
  );
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

function interrupted(
  { path }: AblationFolder,
  done: number,
  members: readonly Member[],
  own: OwnBlock | undefined,
): InterruptedError {
  const block = own === undefined ? "" : ` --block ${quoted(own.file.path)}`;
  return new InterruptedError(
    `${done} of ${
      formatCount(members.length, "network")
    } of the ablation ${path} are done, and what was running is saved.`,
    `Go on with: repfuse ablate --resume ${quoted(path)}${block}`,
  );
}
