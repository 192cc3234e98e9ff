/**
 * `deno task kernels`: times the fast kernels against the stock ones, in turn within one process.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { measure } from "../src/bench/paired.ts";
import { median, pairedRatio } from "../src/bench/statistics.ts";
import { newCommand, print, runTask, wholeNumber } from "../src/cli/command.ts";
import { createProgress } from "../src/cli/progress.ts";
import { renderTable } from "../src/cli/table.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { kernelCases } from "../src/kernels/benchmark/convolutions.ts";
import { type KernelSets, kernelSets } from "../src/kernels/benchmark/kernel_sets.ts";
import { PEAK_FLOP, runPeak } from "../src/kernels/benchmark/peak.ts";
import { trainingStep } from "../src/kernels/benchmark/training_step.ts";
import { createKernelContext } from "../src/kernels/install.ts";
import { detectInstructionSet } from "../src/kernels/instance.ts";
import { createDeployNetwork } from "../src/model/network.ts";
import { presetConfig } from "../src/model/presets.ts";
import { Random } from "../src/random.ts";

const SEED = 1;
const DEFAULT_ROUNDS = 20;
const WARMUP_MS = 200;
const SAMPLE_MS = 5;
const PEAK_MS = 500;

/** One line of the report. */
interface Comparison {
  readonly name: string;
  readonly fastMs: number;
  readonly stockMs: number;
  /** How many times as long the stock kernels take, with a 95% confidence interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Of the fast kernels, by the operations of the direct algorithm. */
  readonly gflops?: number;
}

/** Something to time, with whichever kernels serve. */
interface Subject {
  readonly name: string;
  readonly flop?: number;
  run(): void;
  dispose(): void;
}

async function compare(subject: Subject, sets: KernelSets, rounds: number): Promise<Comparison> {
  const contestants = [
    { name: "fast", run: () => (sets.useFast(), subject.run()) },
    { name: "stock", run: () => (sets.useStock(), subject.run()) },
  ];
  const [fast, stock] = await measure({
    contestants,
    rounds,
    warmupRounds: 3,
    warmupMs: WARMUP_MS,
    minimumMs: SAMPLE_MS,
    now: () => performance.now(),
    random: Random.from(SEED, "order"),
  });
  const fastMs = median(fast!.timesMs);
  return {
    name: subject.name,
    fastMs,
    stockMs: median(stock!.timesMs),
    ...pairedRatio(stock!.timesMs, fast!.timesMs, Random.from(SEED, "bootstrap")),
    ...(subject.flop === undefined ? {} : { gflops: subject.flop / fastMs / 1e6 }),
  };
}

/** The fused network of a preset, with random weights: the time does not depend on them. */
function inference(preset: string, batch: number): Subject {
  const config = presetConfig(preset);
  const model = createDeployNetwork(config, { seed: SEED });
  const images = tf.randomNormal([batch, ...config.inputSize]);
  return {
    name: `fused ${preset}, batch ${batch}`,
    run() {
      const logits = model.predict(images) as tf.Tensor;
      logits.dataSync();
      logits.dispose();
    },
    dispose() {
      model.dispose();
      images.dispose();
    },
  };
}

function training(): Subject {
  const step = trainingStep();
  return { name: "training step", run: () => void step.run(), dispose: () => step.dispose() };
}

async function measurePeak(): Promise<number> {
  const instructionSet = detectInstructionSet();
  if (instructionSet === "none") return NaN;
  const context = await createKernelContext(instructionSet);
  let best = Infinity;
  // Until the optimizing compiler has done its work, and a while longer.
  for (const begun = performance.now(); performance.now() - begun < PEAK_MS;) {
    const start = performance.now();
    runPeak(context.dispatcher);
    best = Math.min(best, performance.now() - start);
  }
  context.dispose();
  return PEAK_FLOP / best / 1e6;
}

function* subjects(): Generator<Subject> {
  yield training();
  yield inference("A0", 1);
  yield inference("toy", 1);
  yield inference("toy", 32);
  yield* kernelCases();
}

const command = newCommand("kernels", "Time the fast kernels against the stock ones, in turn.")
  .option("--rounds <count>", "pairs of times for each line", wholeNumber(2), DEFAULT_ROUNDS)
  .option("--only <text>", "only the lines whose name contains this", "")
  .addHelpText("after", "\nExample: deno task kernels --only A0 --rounds 40");

await runTask(command.action(async (options) => {
  const progress = createProgress(options);
  const info = await startBackend({ kernels: "stock" });
  const peakGflops = await measurePeak();
  const sets = await kernelSets();
  const comparisons: Comparison[] = [];
  for (const subject of subjects()) {
    if (subject.name.includes(options.only)) {
      progress.update(subject.name);
      comparisons.push(await compare(subject, sets, options.rounds));
    }
    subject.dispose();
  }
  if (options.json) {
    print(JSON.stringify({ ...info, kernels: undefined, peakGflops, comparisons }));
    return;
  }
  const columns = ["", "fast ms", "stock ms", "ratio", "95%", "GFLOP/s", "of the peak"];
  print(renderTable(
    columns,
    comparisons.map(({ name, fastMs, stockMs, ratio, low, high, gflops }) => [
      name,
      fastMs.toFixed(3),
      stockMs.toFixed(3),
      `${ratio.toFixed(2)}x`,
      `${low.toFixed(2)}-${high.toFixed(2)}`,
      gflops?.toFixed(1) ?? "",
      gflops === undefined ? "" : `${(100 * gflops / peakGflops).toFixed(0)}%`,
    ]),
  ));
  print(`Peak of 128-bit multiply-adds on one thread here: ${peakGflops.toFixed(1)} GFLOP/s.`);
}));
