/**
 * The paired sampler: contestants run in turn within one process, A B B A, so that a machine that slows down or speeds
 * up does so for all of them. Timing one after the other (all of A, then all of B) would call the drift a speedup; see
 * Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time" (ISMM 2013), and Mytkowicz et al., "Producing Wrong
 * Data Without Doing Anything Obviously Wrong!" (ASPLOS 2009).
 *
 * Each round runs every contestant once. Rounds come in twos: an order drawn at random, then its reverse, which cancels a
 * linear drift, while chance keeps the order from beating in time with something periodic.
 *
 * @module
 */
import { letEventsIn } from "../progress.ts";
import type { Random } from "../random.ts";

/** One thing to be timed. */
export interface Contestant {
  /** How the samples are told apart. */
  readonly name: string;
  /** The work of one run, complete when it returns (or when its promise resolves). */
  run(): void | Promise<void>;
}

/** What {@link measure} needs to know. */
export interface MeasureOptions {
  /** What is timed. Their order says nothing about the order in which they run. */
  readonly contestants: readonly Contestant[];
  /** Counted rounds at most, at least 1. */
  readonly rounds: number;
  /** Rounds at least that run first and are thrown away: compilation, caches, the growth of the heap. */
  readonly warmupRounds: number;
  /** The warm-up goes on until it has taken this long, ms: an optimizing compiler needs time, not rounds. */
  readonly warmupMs: number;
  /** A sample repeats its run until it is about this long, so that the clock's grain does not show, ms. 0: one run each. */
  readonly minimumMs: number;
  /** Once the counted rounds have taken this long no further one begins, ms; {@link MINIMUM_ROUNDS} are run all the same. */
  readonly budgetMs?: number;
  /** The clock, ms: `performance.now`, or a fake. */
  readonly now: () => number;
  /** Draws the order within the rounds. */
  readonly random: Random;
  /** Called after every counted round. */
  readonly onRound?: (done: number, rounds: number) => void;
}

/** The times of one contestant. */
export interface Samples {
  /** How the samples are told apart. */
  readonly name: string;
  /** Time of one run, ms, one entry per round; entry i of every contestant is from round i. */
  readonly timesMs: Float64Array;
  /** Runs that each entry is the mean of. */
  readonly repeats: number;
}

/** With fewer rounds than this a 95% interval of the median says little, so a time budget does not go below it. */
export const MINIMUM_ROUNDS = 12;

/** Runs in one sample at most, also where the clock is too coarse to see one. */
const MOST_REPEATS = 1000;

/**
 * Times the contestants in turn.
 *
 * @returns One {@link Samples} per contestant, in the order given, all with the same number of rounds.
 * @throws {RangeError} when `rounds` is below 1.
 * @example
 * ```ts
 * import { Random } from "../random.ts";
 * import { measure } from "./paired.ts";
 * const [short, long] = await measure({
 *   contestants: [{ name: "short", run: () => void "a".repeat(10) }, { name: "long", run: () => void "a".repeat(1e5) }],
 *   rounds: 20,
 *   warmupRounds: 2,
 *   warmupMs: 10,
 *   minimumMs: 0.1,
 *   now: () => performance.now(),
 *   random: Random.from(1, "order"),
 * });
 * console.log(short?.timesMs.length, long?.timesMs.length); // 20 20
 * ```
 */
export async function measure(options: MeasureOptions): Promise<Samples[]> {
  const { contestants, rounds, now } = options;
  if (!(rounds >= 1)) throw new RangeError(`Cannot measure ${rounds} rounds: expected at least 1`);
  const repeats = await warmUp(options);
  const times: number[][] = contestants.map(() => []);
  const order = contestants.map((_, index) => index);
  const start = now();
  for (let round = 0; round < rounds; round++) {
    if (round >= MINIMUM_ROUNDS && now() - start >= (options.budgetMs ?? Infinity)) break;
    if (round % 2 === 0) options.random.shuffle(order);
    else order.reverse();
    for (const index of order) {
      times[index]!.push(await sample(contestants[index]!, repeats[index]!, now));
    }
    options.onRound?.(round + 1, rounds);
    await letEventsIn();
  }
  return contestants.map(({ name }, index) => ({
    name,
    timesMs: Float64Array.from(times[index]!),
    repeats: repeats[index]!,
  }));
}

/** Runs the warm-up rounds and returns how often each contestant repeats its run to fill `minimumMs`. */
async function warmUp(
  { contestants, warmupRounds, warmupMs, minimumMs, now }: MeasureOptions,
): Promise<number[]> {
  const fastest = contestants.map(() => Infinity);
  const start = now();
  for (let round = 0; round < warmupRounds || (round < MOST_REPEATS && now() - start < warmupMs); round++) {
    for (const [index, contestant] of contestants.entries()) {
      fastest[index] = Math.min(fastest[index]!, await sample(contestant, 1, now));
    }
    await letEventsIn();
  }
  return fastest.map((runMs) =>
    Number.isFinite(runMs) && runMs < minimumMs
      ? Math.ceil(minimumMs / Math.max(runMs, minimumMs / MOST_REPEATS))
      : 1
  );
}

/** The time of one run, ms: the mean over `repeats` of them in a row. */
async function sample(contestant: Contestant, repeats: number, now: () => number): Promise<number> {
  const start = now();
  for (let i = 0; i < repeats; i++) {
    const pending = contestant.run();
    if (pending !== undefined) await pending;
  }
  return (now() - start) / repeats;
}
