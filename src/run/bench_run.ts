/**
 * The benchmark of one network: its training form (BatchNorm in inference mode) and its fused form, both on TensorFlow.js,
 * and the fused form once more on the runtime. A run is timed on the test images of its own data set, with `bench.json` and
 * `bench.svg` beside it; a network of somebody else's on random images.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
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
import { describeEnvironment } from "../timing/environment.ts";
import type { Datasets } from "./datasets.ts";
import type { RunDirectory } from "./run_directory.ts";
import { bench, type BenchSettings } from "../bench/bench.ts";
import type { Engine, InputBatch } from "../bench/engine.ts";
import { createRuntimeEngine } from "../bench/engines/runtime.ts";
import { InputError } from "../errors.ts";
import { readOnnxFile } from "../formats/onnx/disk.ts";
import { fuse } from "../formats/tfjs/fuse.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { writeLayersModel } from "../formats/tfjs/write.ts";
import { withOpenBatch } from "../graph/open_batch.ts";
import { OPEN_SIDE } from "./fusion_output.ts";
import type { NamedFile, NamedModel } from "./named.ts";
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

/** The surroundings of a benchmark. */
export interface BenchRunContext {
  /** What `startBackend` returned. */
  readonly backend: BackendInfo;
  /** Where the course of the work is shown. */
  readonly progress: Progress;
  /** Where `bench.json` and `bench.svg` go; nothing is written where there is none. */
  readonly output?: { readonly benchReport: string; readonly benchChart: string } | undefined;
}

/** Both forms of a network, and what they are timed on. */
interface Forms {
  /** The run, or the file. */
  readonly path: string;
  /** The network's name and its input: "toy, 32x32x3". */
  readonly network: string;
  readonly training: tf.io.ModelArtifacts;
  readonly fused: tf.io.ModelArtifacts;
  /** What is compared, and last what is timed. */
  readonly images: (batch: number) => readonly NamedBatch[];
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
  context: BenchRunContext & { readonly datasets: Datasets },
): Promise<BenchReport> {
  const config = await readRunConfig(run.config);
  const dataset = await context.datasets.get(config.data);
  const noise = randomImages(config.network.inputSize, COMPARED_IMAGES, settings.seed);
  return await benchForms(
    {
      path: run.path,
      network: `${config.preset}, ${config.network.inputSize.join("x")}`,
      training: await loadLayersModelArtifacts(run.snapshot),
      fused: await loadLayersModelArtifacts(run.fused),
      images: (batch) => [noise, ...testImages(dataset, batch)],
    },
    settings,
    context,
  );
}

/**
 * Measures a network of anybody's as it is and as `fuse` makes it, on random images.
 *
 * @param source A LayersModel, or an ONNX file of which TensorFlow.js knows all operations.
 * @param settings How to measure.
 * @param context Backend, progress, places to write to.
 * @throws {InputError} when it cannot be read, or does not take images and give [N, classes].
 * @throws {GateError} when the outputs of the two forms differ; nothing is written then.
 */
export async function benchModel(
  source: NamedModel | NamedFile,
  settings: BenchSettings,
  context: BenchRunContext,
): Promise<BenchReport> {
  const { path } = source;
  const training = source.kind === "file"
    ? writeLayersModel(withOpenBatch(await readOnnxFile(path)))
    : await loadLayersModelArtifacts(path);
  const graph = readLayersModel(training);
  const shape = graph.values[graph.inputs[0]!.value]!.shape;
  if (shape?.length !== 4) {
    throw new InputError(
      `Cannot bench ${path}: it takes [${
        shape?.map((length) => length ?? "?") ?? "?"
      }], expected images [N, height, width, channels].`,
    );
  }
  const size = shape.slice(1).map((length) => length ?? OPEN_SIDE) as [number, number, number];
  const { artifacts: fused } = fuse(training);
  return await benchForms(
    {
      path,
      network: `${path}, ${size.join("x")}`,
      training,
      fused,
      images: (batch) =>
        [...new Set([COMPARED_IMAGES, batch])].map((count) => randomImages(size, count, settings.seed)),
    },
    settings,
    context,
  );
}

/** Times both forms on TensorFlow.js, and the fused one on the runtime as well. */
async function benchForms(
  { path, network, training, fused, images }: Forms,
  settings: BenchSettings,
  { backend, progress, output }: BenchRunContext,
): Promise<BenchReport> {
  const engines: Engine[] = [];
  const beside: Engine[] = [];
  try {
    engines.push(createTfjsEngine(FORM_NAMES.training, await openModel(training, path)));
    engines.push(createTfjsEngine(FORM_NAMES.fused, await openModel(fused, `${path}, fused`)));
    const onRuntime = await openOnRuntime(fused, backend);
    if (typeof onRuntime !== "string") beside.push(onRuntime);
    progress.log(
      `bench ${path}: training form and fused form in turn, batch ${settings.batches.join(", ")}`,
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
      inputs: (batch) => [...images(batch)],
      now: () => performance.now(),
      onRound: (batch, round, rounds) => progress.update(`batch ${batch}`, `round ${round}/${rounds}`),
    }, beside);
    const report: BenchReport = {
      run: path,
      network,
      environment: describeEnvironment(backend, new Date()),
      settings,
      ...findings,
      backendHeapBytes: heapBytes(),
    };
    if (output === undefined) return report;
    await writeJsonAtomically(output.benchReport, report);
    await writeFileAtomically(
      output.benchChart,
      renderBench(report, `${report.network}: training form and fused form`, whereText(report.environment)),
    );
    return report;
  } finally {
    for (const engine of [...engines, ...beside]) engine.dispose();
  }
}

/** The same network on the runtime, with the same instructions and as many threads; or why it is left out. */
async function openOnRuntime(fused: tf.io.ModelArtifacts, backend: BackendInfo): Promise<Engine | string> {
  const { instructionSet, threads, kernels } = backend;
  if (kernels === "stock") return "the runtime has kernels of its own, no stock ones.";
  if (instructionSet === "none") return "there are no 128-bit vectors here.";
  const graph = readLayersModel(fused);
  const obstacle = obstacleOf(graph);
  if (obstacle !== undefined) return obstacle;
  return createRuntimeEngine(FORM_NAMES.runtime, graph, await openRuntime({ instructionSet, threads }));
}

/** Uniform noise over the range of normalised pixels. */
function randomImages(
  [height, width, channels]: readonly [number, number, number],
  count: number,
  seed: number,
): NamedBatch {
  const random = Random.from(seed, "random images");
  const images = Float32Array.from(
    { length: count * height * width * channels },
    () => random.uniform(-1, 1),
  );
  return { name: "random images", batch: { images, shape: [count, height, width, channels] } };
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
