/**
 * A whole benchmark: at each batch size the engines first prove that they give the same outputs, then run in turn.
 *
 * @module
 */
import { Random } from "../random.ts";
import type { Engine, Footprint } from "./engine.ts";
import { measure, type Samples } from "../timing/paired.ts";
import { DEFAULT_TOLERANCE, type NamedBatch, requireSameOutputs } from "./same_outputs.ts";
import { type Estimate, median, pairedRatio, quantile } from "../timing/statistics.ts";

/** How to measure. */
export interface BenchSettings {
  /** Images per run, each measured for itself. */
  readonly batches: readonly number[];
  /** Counted rounds per batch size at most. */
  readonly rounds: number;
  /** Rounds before the counted ones, at least. */
  readonly warmupRounds: number;
  /** Time before the counted rounds, ms, at least. */
  readonly warmupMs: number;
  /** Shortest sample, ms; shorter runs are repeated within one. */
  readonly minimumMs: number;
  /** Time per batch size, ms, after which no new round begins (but see `MINIMUM_ROUNDS`). Infinity for no limit. */
  readonly budgetMs: number;
  /** Largest relative difference of outputs. */
  readonly tolerance: number;
  /** Seed of the order of the runs and of the bootstrap. */
  readonly seed: number;
}

/** What a bare `repfuse bench` does: about ten seconds for a small network. */
export const DEFAULT_SETTINGS: BenchSettings = {
  batches: [1, 32],
  rounds: 200,
  warmupRounds: 2,
  warmupMs: 500,
  minimumMs: 1,
  budgetMs: 8000,
  tolerance: DEFAULT_TOLERANCE,
  seed: 1,
};

/** The surroundings of a benchmark. */
export interface BenchContext {
  /** The images for a batch size: outputs are compared on all of them, times are taken on the last. */
  readonly inputs: (batch: number) => readonly NamedBatch[];
  /** The least scale of the outputs, which differences are shares of; 0 when not given. */
  readonly leastScale?: number;
  /** The clock, ms. */
  readonly now: () => number;
  /** Called after every round. */
  readonly onRound?: (batch: number, round: number, rounds: number) => void;
}

/** What one form costs. */
export interface FormFigures extends Footprint {
  /** The name of its engine. */
  readonly form: string;
}

/** The times of one form at one batch size. */
export interface BenchResult {
  /** The name of its engine. */
  readonly form: string;
  /** Images per run. */
  readonly batch: number;
  /** Median time of a run, ms. */
  readonly medianMs: number;
  /** 95th percentile of the time of a run, ms; where a run was repeated within a sample, of the samples' means. */
  readonly p95Ms: number;
  /** Images over the median time. */
  readonly imagesPerSecond: number;
  /** Samples. */
  readonly rounds: number;
  /** Runs per sample. */
  readonly repeats: number;
}

/** How many times as fast one form is as the baseline. */
export interface Speedup extends Estimate {
  /** Images per run. */
  readonly batch: number;
  /** The name of its engine. */
  readonly form: string;
  /** The form that it is compared with. */
  readonly baseline: string;
}

/** The findings of a benchmark. */
export interface BenchFindings {
  /** At the largest batch size that was measured. */
  readonly forms: readonly FormFigures[];
  /** Every form at every batch size, in ascending order of batch sizes. */
  readonly results: readonly BenchResult[];
  /** Every form but the first, at every batch size. */
  readonly speedup: readonly Speedup[];
  /** The largest difference of outputs that was met, as a share of their scale. */
  readonly maxRelativeDifference: number;
}

/**
 * Measures engines against the first of them.
 *
 * @param engines The baseline, then the others, which take turns. They stay usable.
 * @param settings How to measure.
 * @param context Images, clock, progress.
 * @param beside Engines that take turns with the baseline alone, after all others: one more in turn would find the
 *   caches colder for each of them.
 * @throws {GateError} when outputs differ by more than the tolerance, before that batch size is timed.
 */
export async function bench(
  engines: readonly Engine[],
  settings: BenchSettings,
  context: BenchContext,
  beside: readonly Engine[] = [],
): Promise<BenchFindings> {
  const all = [...engines, ...beside];
  const [baseline] = engines as [Engine];
  const results: BenchResult[] = [];
  const speedup: Speedup[] = [];
  let maxRelativeDifference = 0;
  let forms: FormFigures[] = [];
  for (const batch of [...settings.batches].sort((a, b) => a - b)) {
    const difference = await requireSameOutputs(
      all,
      context.inputs(batch),
      settings.tolerance,
      context.leastScale,
    );
    maxRelativeDifference = Math.max(maxRelativeDifference, difference);
    for (const contestants of [engines, ...beside.map((engine) => [baseline, engine])]) {
      const samples = await measure({
        ...settings,
        contestants,
        now: context.now,
        random: Random.from(settings.seed, "order", batch),
        onRound: (round, rounds) => context.onRound?.(batch, round, rounds),
      });
      const fresh = contestants === engines ? samples : samples.slice(1);
      results.push(...fresh.map((sample) => resultOf(sample, batch)));
      speedup.push(...speedupsOf(samples, batch, settings.seed));
    }
    forms = await footprintsOf(all);
  }
  return { forms, results, speedup, maxRelativeDifference };
}

function resultOf({ name, timesMs, repeats }: Samples, batch: number): BenchResult {
  const medianMs = median(timesMs);
  return {
    form: name,
    batch,
    medianMs,
    p95Ms: quantile(timesMs, 0.95),
    imagesPerSecond: 1000 * batch / medianMs,
    rounds: timesMs.length,
    repeats,
  };
}

function speedupsOf([baseline, ...others]: readonly Samples[], batch: number, seed: number): Speedup[] {
  return others.map((other) => ({
    batch,
    form: other.name,
    baseline: baseline!.name,
    ...pairedRatio(baseline!.timesMs, other.timesMs, Random.from(seed, "bootstrap", batch, other.name)),
  }));
}

async function footprintsOf(engines: readonly Engine[]): Promise<FormFigures[]> {
  const forms: FormFigures[] = [];
  for (const engine of engines) forms.push({ form: engine.name, ...await engine.footprint() });
  return forms;
}
