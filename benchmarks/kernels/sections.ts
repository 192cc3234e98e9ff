/**
 * The sections of `deno task kernels`: each measures some of the targets, its contestants in turn.
 *
 * @module
 */
import { type Contestant, measure, type Samples } from "../../src/timing/paired.ts";
import { type Estimate, median, pairedRatio } from "../../src/timing/statistics.ts";
import { Random } from "../../src/random.ts";
import { type Result, type Target, TARGETS } from "./targets.ts";
import { forwardErrors } from "./forward_errors.ts";
import { inference } from "./inference.ts";
import type { KernelSets } from "./kernel_sets.ts";
import { StepProcess } from "./process_turns.ts";

/** How long to measure, and whom to tell. */
export interface SectionOptions {
  /** Pairs of times. */
  readonly rounds: number;
  /** Python interpreters, of which the first with PyTorch is taken. */
  readonly pythons: readonly string[];
  /** Told what is being measured. */
  readonly update: (what: string) => void;
}

/** What a section measured. */
export interface SectionResult {
  readonly results: readonly Result[];
  /** Times and other figures behind the results, one line each. */
  readonly notes: readonly string[];
}

const SEED = 1;
/** Until V8 has compiled everything with its optimizing compiler, also on a machine with other work. */
const WARMUP_MS = 500;
const NETWORK_WARMUP_MS = 4000;
/** Long enough that the clock and the way to another process do not show, in ms. */
const SAMPLE_MS = 50;
const SHORT_SAMPLE_MS = 5;
/** The step on the fallback kernels takes most of a second, so it has few turns. */
const FALLBACK_ROUNDS = 6;

/** Times contestants in turn; also says whose times are how long. */
export async function inTurn(
  contestants: readonly Contestant[],
  rounds: number,
  { minimumMs = SHORT_SAMPLE_MS, warmupMs = WARMUP_MS } = {},
): Promise<Samples[]> {
  return await measure({
    contestants,
    rounds,
    warmupRounds: 3,
    warmupMs,
    minimumMs,
    now: () => performance.now(),
    random: Random.from(SEED, "order"),
  });
}

/** How many times as long the first takes as the second. */
export function ratioOf(slow: Samples, fast: Samples): Estimate {
  return pairedRatio(slow.timesMs, fast.timesMs, Random.from(SEED, "bootstrap"));
}

/** The training step: against PyTorch, with two threads, and against the fallback kernels. */
export async function stepSection({ rounds, pythons, update }: SectionOptions): Promise<SectionResult> {
  const results: Result[] = [];
  const notes: string[] = [];
  const ours = await StepProcess.ours("ours-1");
  const versus = async (other: StepProcess, turns: number) => {
    const [one, two] = await inTurn(
      [{ name: "ours, one thread", run: () => ours.step() }, { name: other.what, run: () => other.step() }],
      turns,
      { minimumMs: SAMPLE_MS, warmupMs: NETWORK_WARMUP_MS },
    );
    await other.stop();
    notes.push(timesOf("training step", [one!, two!]));
    return [one!, two!] as const;
  };
  update("training step against PyTorch");
  const torch = await StepProcess.pytorch(pythons);
  if (torch === undefined) {
    notes.push(`No PyTorch: none of ${pythons.join(", ")} can import torch, so that target is left out.`);
  } else {
    const [one, other] = await versus(torch, rounds);
    results.push(reached(TARGETS.pytorch, ratioOf(one, other)));
  }
  update("training step on two threads");
  const [one, two] = await versus(await StepProcess.ours("ours-2"), rounds);
  results.push(reached(TARGETS.threads, ratioOf(one, two)));
  update("training step against the fallback kernels");
  const [fast, fallback] = await versus(await StepProcess.ours("fallback"), FALLBACK_ROUNDS);
  results.push(reached(TARGETS.fallback, ratioOf(fallback, fast)));
  await ours.stop();
  return { results, notes };
}

/** The fused A0 against the stock kernels and onnxruntime-web. */
export async function a0Section(
  sets: KernelSets,
  { rounds, update }: SectionOptions,
): Promise<SectionResult> {
  update("fused A0");
  const subject = await inference("A0", 1, sets, { onnxruntime: true });
  const [fast, stock, onnx] = await inTurn(subject.contestants, rounds, { warmupMs: NETWORK_WARMUP_MS });
  await subject.dispose();
  return {
    results: [
      reached(TARGETS.a0Stock, ratioOf(stock!, fast!)),
      reached(TARGETS.a0Onnx, ratioOf(onnx!, fast!)),
    ],
    notes: [timesOf("fused A0", [fast!, stock!, onnx!])],
  };
}

/** The fused tiny network against the stock kernels. */
export async function tinySection(
  sets: KernelSets,
  { rounds, update }: SectionOptions,
): Promise<SectionResult> {
  const results: Result[] = [];
  const notes: string[] = [];
  for (const [target, batch] of [[TARGETS.tiny1, 1], [TARGETS.tiny32, 32]] as const) {
    update(`fused tiny, batch ${batch}`);
    const subject = await inference("tiny", batch, sets, { onnxruntime: false });
    const [fast, stock] = await inTurn(subject.contestants, rounds, { warmupMs: NETWORK_WARMUP_MS });
    await subject.dispose();
    results.push(reached(target, ratioOf(stock!, fast!)));
    notes.push(timesOf(`fused tiny, batch ${batch}`, [fast!, stock!]));
  }
  return { results, notes };
}

/** The errors of the forward kernels. */
export function errorsSection(sets: KernelSets, { update }: SectionOptions): SectionResult {
  update("errors against float64");
  sets.useFast();
  const errors = [...forwardErrors()];
  const worst = (algorithm: string) =>
    errors.filter((error) => error.algorithm === algorithm).reduce((a, b) => a.error >= b.error ? a : b);
  const [direct, winograd] = [worst("direct"), worst("Winograd")];
  return {
    results: [{ ...TARGETS.direct, result: direct.error }, { ...TARGETS.winograd, result: winograd.error }],
    notes: [direct, winograd].map(({ algorithm, name }) => `Largest error, ${algorithm}: at ${name}.`),
  };
}

function reached(target: Target, { ratio, low, high }: Estimate): Result {
  return { ...target, result: ratio, low, high };
}

/** Medians, and the shortest times, which other work on the machine lengthens least. */
function timesOf(what: string, samples: readonly Samples[]): string {
  const text = ({ name, timesMs }: Samples) =>
    `${name} ${median(timesMs).toFixed(3)} (at best ${Math.min(...timesMs).toFixed(3)})`;
  return `${what}, ms: ${samples.map(text).join(", ")}.`;
}
