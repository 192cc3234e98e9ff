/**
 * The benchmark of one run in several places: Deno, Node.js and a browser, each with every engine. Writes
 * `bench-where.json`.
 *
 * @module
 */
import type { Progress } from "../progress.ts";
import { removeFolder } from "../files/output_folder.ts";
import { writeJsonAtomically } from "../files/atomic_write.ts";
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { TEMPORARY_ENDING } from "../files/atomic_write.ts";
import { loadLayersModelArtifacts } from "../formats/tfjs/layers_model.ts";
import { normalizationOfRun } from "../train/run_config.ts";
import { readRunConfig } from "./config.ts";
import type { Datasets } from "./datasets.ts";
import type { RunDirectory } from "./run_directory.ts";
import type { BenchSettings } from "../bench/bench.ts";
import { fillContestFolder } from "../bench/where/contest_folder.ts";
import { holdAt, type Place } from "../bench/where/places.ts";
import type { WhereReport } from "../bench/where/where_report.ts";

/** The name of the file. */
export const WHERE_FILE = "bench-where.json";

/** How often removing a contest's folder is tried, and the pause between, in ms. */
const REMOVAL_ATTEMPTS = 30;
const REMOVAL_PAUSE_MS = 100;

/** Time per batch size in one place, ms, where no number of rounds was asked for: eight engines run in each round. */
const BUDGET_MS = 15_000;

/** The surroundings of {@link benchWhere}. */
export interface BenchWhereContext {
  readonly places: readonly Place[];
  readonly progress: Progress;
  readonly datasets: Datasets;
  /** The folder that the report goes to. */
  readonly output: string;
}

/**
 * Holds the same contest in each place, one after the other.
 *
 * @param run A fused run.
 * @throws {InputError} when a file of the run is missing, or a place is not installed.
 * @throws {WorkError} when a contest fails; nothing is written then.
 */
export async function benchWhere(
  run: RunDirectory,
  settings: BenchSettings,
  { places, progress, datasets, output }: BenchWhereContext,
): Promise<WhereReport> {
  const config = await readRunConfig(run.config);
  const { preset, network, data } = config;
  // What a contest needs lies below the output for a while: nothing is written but where the person asked for it.
  const folder = `${output}/.contest-${crypto.randomUUID()}${TEMPORARY_ENDING}`;
  await mkdir(folder, { recursive: true });
  try {
    const { batches, rounds, warmupMs, minimumMs, budgetMs, tolerance, seed } = settings;
    const forms = {
      training: await loadLayersModelArtifacts(run.snapshot),
      fused: await loadLayersModelArtifacts(run.fused),
    };
    const subject = { forms, dataset: await datasets.get(data), normalization: normalizationOfRun(config) };
    await fillContestFolder(folder, subject, {
      batches: [...batches].sort((a, b) => a - b),
      rounds,
      warmupMs,
      minimumMs,
      // JSON has no infinity.
      budgetMs: Number.isFinite(budgetMs) ? BUDGET_MS : Number.MAX_VALUE,
      tolerance,
      seed,
    });
    const held = [];
    for (const { where, threads } of placesAndThreads(places)) {
      progress.log(
        `bench ${run.path} in ${where}${
          threads === 1 ? "" : `, ${threads} threads`
        }: both forms on every engine in turn, batch ${batches.join(", ")}`,
      );
      const result = await holdAt(
        where,
        folder,
        threads,
        (message) => progress.update(where, message),
      );
      held.push({ where, ...result });
    }
    const report: WhereReport = {
      run: run.path,
      network: `${preset}, ${network.inputSize.join("x")}`,
      batches,
      places: held,
    };
    await writeJsonAtomically(`${output}/${WHERE_FILE}`, report);
    return report;
  } finally {
    await removeWhenQuiet(folder);
  }
}

/**
 * Removes the folder of a contest. A browser that was told to end may still write to its profile for a moment; what it
 * holds on to longer stays in the cache, and is no reason to lose a result.
 */
async function removeWhenQuiet(folder: string): Promise<void> {
  for (let attempt = 0; attempt < REMOVAL_ATTEMPTS; attempt++) {
    try {
      return await removeFolder(folder);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_PAUSE_MS));
    }
  }
}

/** Every place on one thread, and a browser on all as well: it is the one place where all engines have threads. */
function placesAndThreads(places: readonly Place[]): { where: Place; threads: number }[] {
  const all = availableParallelism();
  return places.flatMap((where) => [
    { where, threads: 1 },
    ...(where === "browser" && all > 1 ? [{ where, threads: all }] : []),
  ]);
}
