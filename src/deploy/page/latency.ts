/**
 * How long each form takes, measured as `repfuse bench` measures: in turn, on the same image, so that whatever slows the
 * machine slows both.
 *
 * @module
 */
import { measure } from "../../timing/paired.ts";
import { type Estimate, median, pairedRatio } from "../../timing/statistics.ts";
import { Random } from "../../random.ts";

/** A form to be timed. */
export interface TimedForm {
  readonly name: string;
  /** One inference, until its result can be read. */
  run(): void;
}

/** What was measured. */
export interface Latency {
  /** Median time of one image, ms, in the order of the forms. */
  readonly medianMs: readonly number[];
  /** How many times as long the first form takes as the last, where there are two. */
  readonly speedup?: Estimate;
  readonly rounds: number;
}

/** Enough for a median that stands still, in under half a second for a small network. */
const ROUNDS = 30;
/** Browsers blur their clock, to 0.1 ms where a page is not isolated: a sample takes at least this long, ms. */
const SAMPLE_MS = 4;
const BUDGET_MS = 600;

/** Times the forms. */
export async function measureLatency(forms: readonly TimedForm[]): Promise<Latency> {
  const samples = await measure({
    contestants: forms,
    rounds: ROUNDS,
    warmupRounds: 2,
    warmupMs: 60,
    minimumMs: SAMPLE_MS,
    budgetMs: BUDGET_MS,
    now: () => performance.now(),
    random: Random.from(1, "page"),
  });
  const medianMs = samples.map(({ timesMs }) => median(timesMs));
  const rounds = samples[0]!.timesMs.length;
  const [first, last] = [samples[0]!, samples.at(-1)!];
  return first === last ? { medianMs, rounds } : {
    medianMs,
    rounds,
    speedup: pairedRatio(first.timesMs, last.timesMs, Random.from(1, "page interval")),
  };
}
