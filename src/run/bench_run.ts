/**
 * The benchmark of one run: its training form (the frozen snapshot, BatchNorm in inference mode) and its fused form, both
 * on TensorFlow.js, and the fused form once more on the runtime, on the test images of its own data set. Writes `bench.json` and `bench.svg`.
 *
 * @module
 */
import { renderBench } from "../charts/bench_chart.ts";
import type { Progress } from "../progress.ts";
import { gatherBatch } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { loadLayersModelArtifacts } from "../formats/tfjs/layers_model.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { type BackendInfo, heapBytes } from "../kernels/tfjs/backend.ts";
import { openModel } from "../model/open_model.ts";
import { Random } from "../random.ts";
import { readRunConfig } from "./config.ts";
import type { RunConfig } from "../train/run_config.ts";
import { describeEnvironment } from "../timing/environment.ts";
import type { Datasets } from "./datasets.ts";
import type { RunDirectory } from "./run_directory.ts";
import { bench, type BenchSettings } from "../bench/bench.ts";
import type { Engine, InputBatch } from "../bench/engine.ts";
import { createRuntimeEngine } from "../bench/engines/runtime.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { obstacleOf } from "../runtime/check_graph.ts";
import { openRuntime } from "../runtime/machine.ts";
import { createTfjsEngine } from "../bench/engines/tfjs.ts";
import { MINIMUM_ROUNDS } from "../timing/paired.ts";
import { type BenchReport, RUNTIME_FORM, whereText } from "../bench/report.ts";
import type { NamedBatch } from "../bench/same_outputs.ts";

/** What a report calls the two forms on TensorFlow.js, and the fused one without it. */
export const FORM_NAMES = { training: "training", fused: "fused", runtime: RUNTIME_FORM } as const;

/** Random images, and first test images, on which outputs are compared whatever batch sizes are timed. */
const COMPARED_IMAGES = 8;

/** The surroundings of {@link benchRun}. */
export interface BenchRunContext {
  /** What `startBackend` returned. */
  readonly backend: BackendInfo;
  /** Where the course of the work is shown. */
  readonly progress: Progress;
  readonly datasets: Datasets;
  /** Where `bench.json` and `bench.svg` go: the run's own places, or others. */
  readonly output: { readonly benchReport: string; readonly benchChart: string };
}

/**
 * Measures a fused run and writes the report and the chart.
 *
 * @param run A run that has been fused.
 * @param settings How to measure.
 * @param context Backend, progress, places to write to.
 * @throws {InputError} when a file of the run or its data set cannot be read.
 * @throws {GateError} when the outputs of the two forms differ; nothing is written then.
 */
export async function benchRun(
  run: RunDirectory,
  settings: BenchSettings,
  context: BenchRunContext,
): Promise<BenchReport> {
  const { backend, progress, datasets, output } = context;
  const config = await readRunConfig(run.config);
  const dataset = await datasets.get(config.data);
  const random = randomImages(config, settings.seed);
  const engines: Engine[] = [];
  try {
    engines.push(await openForm(FORM_NAMES.training, run.snapshot));
    engines.push(await openForm(FORM_NAMES.fused, run.fused));
    const onRuntime = await openOnRuntime(run.fused, backend);
    if (typeof onRuntime !== "string") engines.push(onRuntime);
    progress.log(
      `bench ${run.path}: training form and fused form in turn, batch ${settings.batches.join(", ")}`,
    );
    if (typeof onRuntime === "string") progress.log(`Without ${FORM_NAMES.runtime}: ${onRuntime}`);
    if (settings.rounds < MINIMUM_ROUNDS) {
      progress.log(
        `${
          settings.rounds === 1 ? "1 round is" : `${settings.rounds} rounds are`
        } few: the confidence interval means little below ${MINIMUM_ROUNDS}.`,
      );
    }
    const findings = await bench(engines, settings, {
      inputs: (batch) => [random, ...testImages(dataset, batch)],
      now: () => performance.now(),
      onRound: (batch, round, rounds) => progress.update(`batch ${batch}`, `round ${round}/${rounds}`),
    });
    const report: BenchReport = {
      run: run.path,
      network: `${config.preset}, ${config.network.inputSize.join("x")}`,
      environment: describeEnvironment(backend, new Date()),
      settings,
      ...findings,
      backendHeapBytes: heapBytes(),
    };
    await writeJsonAtomically(output.benchReport, report);
    await writeFileAtomically(
      output.benchChart,
      renderBench(report, `${report.network}: training form and fused form`, whereText(report.environment)),
    );
    return report;
  } finally {
    for (const engine of engines) engine.dispose();
  }
}

/** Loads one form of a run from its folder. */
async function openForm(name: string, folder: string): Promise<Engine> {
  const artifacts = await loadLayersModelArtifacts(folder);
  return createTfjsEngine(name, await openModel(artifacts, folder));
}

/** The same network on the runtime, with the same instructions and as many threads; or why it is left out. */
async function openOnRuntime(folder: string, backend: BackendInfo): Promise<Engine | string> {
  const { instructionSet, threads, kernels } = backend;
  if (kernels === "stock") return "the runtime has kernels of its own, no stock ones.";
  if (instructionSet === "none") return "there are no 128-bit vectors here.";
  const graph = readLayersModel(await loadLayersModelArtifacts(folder));
  const obstacle = obstacleOf(graph);
  if (obstacle !== undefined) return obstacle;
  return createRuntimeEngine(FORM_NAMES.runtime, graph, await openRuntime({ instructionSet, threads }));
}

/** Uniform noise over the range of normalised pixels. */
function randomImages(config: RunConfig, seed: number): NamedBatch {
  const [height, width, channels] = config.network.inputSize;
  const random = Random.from(seed, "random images");
  const images = Float32Array.from(
    { length: COMPARED_IMAGES * height * width * channels },
    () => random.uniform(-1, 1),
  );
  return { name: "random images", batch: { images, shape: [COMPARED_IMAGES, height, width, channels] } };
}

/** The first test images: those that are compared, then those that are timed. */
function testImages(dataset: Dataset, batch: number): NamedBatch[] {
  return [...new Set([COMPARED_IMAGES, batch])].map((count) => ({
    name: "test images",
    batch: firstTestImages(dataset, count),
  }));
}

/** The first `count` test images; from the beginning again where there are fewer. */
function firstTestImages(dataset: Dataset, count: number): InputBatch {
  const { height, width, channels, test } = dataset;
  const indices = Array.from({ length: count }, (_, i) => i % test.count);
  const { images } = gatherBatch(test, { height, width, channels }, indices);
  return { images, shape: [count, height, width, channels] };
}
