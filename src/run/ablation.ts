/**
 * The ablation: every training form with every seed, several side by side. Results are written after each network, so an
 * interruption loses nothing but a part of an epoch.
 *
 * @module
 */
import { basename } from "node:path";
import {
  type AblationPlan,
  type Member,
  membersOf,
  requestOf,
  trialsOf,
  variantsOf,
} from "../ablate/plan.ts";
import { type AblationReport, type MemberResult, summarizeAblation } from "../ablate/report.ts";
import { type Trial, winnersOf } from "../ablate/search.ts";
import { intervalOf } from "../ablate/student.ts";
import { variantsWith } from "../ablate/variants.ts";
import { renderAblation } from "../charts/ablation_chart.ts";
import { renderAccuracyLines } from "../charts/accuracy_lines.ts";
import { GateError, InterruptedError } from "../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { exists, readJson } from "../files/read.ts";
import type { BackendOptions } from "../kernels/tfjs/backend.ts";
import type { OwnBlock } from "../model/blocks/own.ts";
import type { Progress } from "../progress.ts";
import { requestConfig } from "../train/run_config.ts";
import { formatCount } from "../text/quantities.ts";
import { quoted } from "../text/shell.ts";
import type { AblationFolder } from "./ablation_folder.ts";
import type { AblationOrder, AblationStart } from "./ablation_worker.ts";
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
  context: AblationContext,
): Promise<AblationReport> {
  const { progress, own } = context;
  const variants = variantsOf(plan, folder.path, own);
  const trials = trialsOf(plan, variants, folder.path);
  const stored = await storedReport(folder);
  const results = new Map<string, MemberResult>();
  const candidates = new Map<string, Trial>();
  for (const result of stored?.members ?? []) results.set(basename(result.run), result);
  for (const trial of stored?.trials ?? []) candidates.set(basename(trial.run), trial);
  const allMembers = () => {
    const found = doneOf(trials, candidates);
    if (found.length < trials.length) return membersOf(plan, variants, folder.path);
    const byVariant = (name: string) => winnersOf(found.filter(({ variant }) => variant === name));
    return membersOf(plan, variants, folder.path, byVariant);
  };
  const title = describePlan(plan);
  let writing: Promise<unknown> = Promise.resolve();

  if (trials.length > 0) await train("trial", trials, candidates);
  const members = allMembers();
  await train("member", members, results);
  return await write();

  async function train<Result>(
    kind: AblationOrder["kind"],
    networks: readonly Member[],
    done: Map<string, Result>,
  ): Promise<void> {
    const noun = kind === "trial" ? "candidate" : "network";
    const left = networks.filter(({ path }) => !done.has(basename(path)));
    const count = Math.min(context.jobs, left.length);
    progress.log(
      `ablation: ${formatCount(networks.length, noun)}, ${networks.length - left.length} of them done${
        count > 1 ? `, ${count} side by side` : ""
      }; ${folder.path}`,
    );
    if (left.length > 0) {
      // Drawn or read once before several do it, and every configuration is looked at before any is trained.
      const requests = left.map((member) => requestOf(plan, member, own));
      const dataset = await new Datasets(progress).get(requests[0]!.data);
      for (const request of requests) request.resolve(dataset);
    }
    await write();
    const isWhole = await sideBySide(folder, kind, left, context, {
      head: () => `${done.size} of ${networks.length} done`,
      async onDone(member, result) {
        done.set(basename(member.path), result as Result);
        await write();
      },
    });
    if (isWhole) return;
    throw interrupted(folder, `${done.size} of ${formatCount(networks.length, noun)}`, own);
  }

  /** Results in the order of the plan, whatever came first; one writing after the other. */
  function write(): Promise<AblationReport> {
    const written = writing.then(async () => {
      const members = allMembers();
      const inOrder = doneOf(members, results);
      const found = doneOf(trials, candidates);
      const isFinished = found.length === trials.length && inOrder.length === members.length;
      const summary = {
        ...summarizeAblation(folder.path, inOrder, isFinished, variantsWith(own)),
        ...(trials.length === 0 ? {} : { trials: found }),
      };
      if (inOrder.length > 0 || found.length > 0) await writeReport(folder, title, summary);
      return summary;
    });
    writing = written;
    return written;
  }
}

/** What is there of networks, in their order. */
function doneOf<Result>(networks: readonly Member[], results: ReadonlyMap<string, Result>): Result[] {
  return networks.flatMap(({ path }) => results.get(basename(path)) ?? []);
}

/** What {@link sideBySide} tells. */
interface SideBySide {
  /** How far all are. */
  head(): string;
  onDone(member: Member, result: MemberResult | Trial): Promise<void>;
}

/**
 * Trains networks, several at once.
 *
 * @returns Whether all are done: not where the signal fired.
 * @throws {GateError} when a fused form is not its training form; all others are done then.
 * @throws What else one of them throws; the others are saved then.
 */
async function sideBySide(
  folder: AblationFolder,
  kind: AblationOrder["kind"],
  left: readonly Member[],
  { progress, signal, jobs, backend, own }: AblationContext,
  { head, onDone }: SideBySide,
): Promise<boolean> {
  const faults = new AbortController();
  const stop = AbortSignal.any([signal, faults.signal]);
  const queue = left.values();
  const told = shared(progress, head);
  let done = 0;
  let refused: GateError | undefined; // what one network does not pass keeps no other from being trained
  await Promise.allSettled(Array.from({ length: Math.min(jobs, left.length) }, async () => {
    const lane = new Lane<AblationStart, AblationOrder, MemberResult | Trial>("ablation_worker", {
      folder: folder.path,
      block: own?.file.path,
      backend,
    });
    try {
      for (const member of queue) {
        if (stop.aborted) break;
        try {
          await onDone(member, await lane.run({ kind, member }, member.path, told(nameOf(member)), stop));
          done++;
        } catch (error) {
          if (!(error instanceof GateError)) throw error;
          progress.log(`${nameOf(member)}: ${error.message}`);
          refused ??= error;
        }
      }
    } catch (error) {
      faults.abort(error);
    } finally {
      await lane.close();
    }
  }));
  if (faults.signal.aborted && !signal.aborted) throw faults.signal.reason;
  if (refused !== undefined && !signal.aborted) throw refused;
  return done === left.length;
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

function nameOf({ path }: Member): string {
  return basename(path).replaceAll("-", " ");
}

async function writeReport(folder: AblationFolder, title: string, report: AblationReport): Promise<void> {
  const state = report.finished ? "" : ", not finished";
  if (report.members.length > 0) {
    await writeFileAtomically(folder.chart, renderChart(report, title + state));
  }
  await writeJsonAtomically(folder.report, report);
}

function renderChart({ variants }: AblationReport, title: string): string {
  const named = variants.map((row) => ({
    ...row,
    name: row.deploysPlain || row.macs !== undefined ? row.label : `${row.label} (other deploy cost)`,
    accuracy: intervalOf(row.fusedAccuracies),
  }));
  const fronts = named.flatMap(({ name, macs, deployCost, accuracy }) =>
    macs === undefined ? [] : [{ name, x: deployCost.macs! / 1e6, accuracy }]
  );
  if (fronts.length > 0) return renderAccuracyLines("cost", fronts, title);
  const depths = named.flatMap(({ name, depth, accuracy }) =>
    depth === undefined ? [] : [{ name, x: depth, accuracy }]
  );
  if (depths.length > 0) return renderAccuracyLines("depth", depths, title);
  return renderAblation(
    named.map(({ name, fusedAccuracies }) => ({ name, accuracies: fusedAccuracies })),
    title,
  );
}

/** "shapes10, 5 epochs, 3 seeds" */
function describePlan({ file, flags, seeds }: AblationPlan): string {
  const epochs = flags.training?.epochs ?? file.training?.epochs;
  return [
    requestConfig(file, flags).data.source,
    ...(epochs === undefined ? [] : [formatCount(Number(epochs), "epoch")]),
    formatCount(seeds.length, "seed"),
  ].join(", ");
}

async function storedReport({ report }: AblationFolder): Promise<AblationReport | undefined> {
  if (!(await exists(report))) return undefined;
  return await readJson(report, "the report of an ablation") as AblationReport;
}

function interrupted({ path }: AblationFolder, done: string, own: OwnBlock | undefined): InterruptedError {
  const block = own === undefined ? "" : ` --block ${quoted(own.file.path)}`;
  return new InterruptedError(
    `${done} of the ablation ${path} are done, and what was running is saved.`,
    `Go on with: repfuse ablate --resume ${quoted(path)}${block}`,
  );
}
