/**
 * The benchmark of one network: its training form (BatchNorm in inference mode) and its fused form, both on TensorFlow.js
 * (an ONNX file on onnxruntime, `bench_onnx.ts`), and the fused form once more on the runtime. A run is timed on the test
 * images of its own data set, with `bench.json` and `bench.svg` beside it; a network of somebody else's on random images.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { renderBench } from "../charts/bench_chart.ts";
import type { Progress } from "../progress.ts";
import { gatherBatch } from "../data/batches.ts";
import type { Normalization } from "../data/normalization.ts";
import type { Dataset } from "../data/dataset.ts";
import { loadLayersModelArtifacts } from "../formats/tfjs/layers_model.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { type BackendInfo, heapBytes } from "../kernels/tfjs/backend.ts";
import { openModel } from "../model/open_model.ts";
import { boundsOf, type PixelRange, shownPixelRange } from "../graph/pixel_range.ts";
import { loadModelArtifacts } from "../formats/keras/load.ts";
import { withImageSize } from "../formats/tfjs/image_size.ts";
import { Random } from "../random.ts";
import { normalizationOfRun } from "../train/run_config.ts";
import { readRunConfig } from "./config.ts";
import { describeEnvironment } from "../timing/environment.ts";
import type { Datasets } from "./datasets.ts";
import type { RunDirectory } from "./run_directory.ts";
import { bench, type BenchSettings } from "../bench/bench.ts";
import type { Engine, InputBatch } from "../bench/engine.ts";
import { createRuntimeEngine } from "../bench/engines/runtime.ts";
import { InputError } from "../errors.ts";
import { fuse } from "../formats/tfjs/fuse.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import type { Graph } from "../graph/graph.ts";
import { imageInputOf, inputsText } from "../graph/image_input.ts";
import { leastOutputScale } from "../graph/output_scale.ts";
import { OPEN_SIDE } from "../proof/inputs.ts";
import type { NamedModel } from "./named.ts";
import { schedule } from "../runtime/schedule.ts";
import { formatBytes, formatCount } from "../text/quantities.ts";
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

/** What a WebAssembly memory can hold. */
const MEMORY_BYTES = 2 ** 32;

/** The surroundings of a benchmark. */
export interface BenchRunContext {
  /** What `startBackend` returned. */
  readonly backend: BackendInfo;
  /** Where the course of the work is shown. */
  readonly progress: Progress;
  /** Side of the images of a network that takes any size. */
  readonly imageSize?: number | undefined;
  /** Where `bench.json` and `bench.svg` go; nothing is written where there is none. */
  readonly output?: { readonly benchReport: string; readonly benchChart: string } | undefined;
}

/** What is timed. */
export interface Subject {
  /** The run, or the file. */
  readonly path: string;
  /** The network's name and its input: "toy, 32x32x3". */
  readonly network: string;
  /** What is compared, and last what is timed. */
  readonly images: (batch: number) => readonly NamedBatch[];
  /** What runs it, where that is not TensorFlow.js. */
  readonly engine?: string;
  /** The least scale of the outputs, which differences are shares of. */
  readonly leastScale?: number;
}

/** Both forms of a network for TensorFlow.js. */
interface Forms extends Subject {
  readonly training: tf.io.ModelArtifacts;
  readonly fused: tf.io.ModelArtifacts;
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
      images: (batch) => [noise, ...testImages(dataset, normalizationOfRun(config), batch)],
    },
    settings,
    context,
  );
}

/**
 * Measures a LayersModel of anybody's as it is and as `fuse` makes it, on random images.
 *
 * @param source A LayersModel.
 * @param settings How to measure.
 * @param context Backend, progress, places to write to.
 * @throws {InputError} when it cannot be read, or does not take images and give [N, classes].
 * @throws {GateError} when the outputs of the two forms differ; nothing is written then.
 */
export async function benchModel(
  source: NamedModel,
  settings: BenchSettings,
  context: BenchRunContext,
): Promise<BenchReport> {
  const { path } = source;
  const { imageSize } = context;
  const training = withImageSize(await loadModelArtifacts(path), imageSize);
  const graph = readLayersModel(training);
  const size = imageSizeOf(graph, path, imageSize);
  const fixed = graph.values[graph.inputs[0]!.value]!.shape![0];
  const fitting = fixed == null ? settings : { ...settings, batches: [fixed] };
  checkMemory(graph, path, fitting.batches);
  const { artifacts: fused } = fuse(training);
  return await benchForms(
    {
      path,
      network: `${path}, ${size.join("x")}`,
      training,
      fused,
      images: randomBatches(size, settings.seed, { fixed, range: shownPixelRange(graph) }),
      leastScale: leastOutputScale(graph),
    },
    fitting,
    context,
  );
}

/** Refuses, before anything runs, a number of images whose values alone are more than a WebAssembly memory can hold. */
function checkMemory(graph: Graph, path: string, batches: readonly number[]): void {
  const bytes = (batch: number) => schedule(graph, batch).length * Float32Array.BYTES_PER_ELEMENT;
  if (obstacleOf(graph) !== undefined) return;
  const batch = batches.find((batch) => bytes(batch) > MEMORY_BYTES);
  if (batch === undefined) return;
  throw new InputError(
    `Cannot bench ${path} with ${formatCount(batch, "image")} at once: its values take ${
      formatBytes(bytes(batch))
    } at least, and a WebAssembly memory holds ${formatBytes(MEMORY_BYTES)}.`,
    bytes(1) > MEMORY_BYTES ? "Take smaller images, or fewer channels." : "Take fewer: --batches 1",
  );
}

/** Times both forms on TensorFlow.js, and the fused one on the runtime as well. */
async function benchForms(
  { training, fused, ...subject }: Forms,
  settings: BenchSettings,
  context: BenchRunContext,
): Promise<BenchReport> {
  const { path } = subject;
  return await benchEngines(subject, settings, context, async (engines) => {
    engines.push(createTfjsEngine(FORM_NAMES.training, await openModel(training, path)));
    engines.push(createTfjsEngine(FORM_NAMES.fused, await openModel(fused, `${path}, fused`)));
    return await openOnRuntime(readLayersModel(fused), context.backend);
  });
}

/**
 * Times both forms of a network on what runs them, and the fused one on the runtime as well.
 *
 * @param open Adds both forms, and returns what the runtime makes of the fused one, or why it is left out. What it has added
 *   is freed at the end, also where it fails.
 */
export async function benchEngines(
  { path, network, images, engine, leastScale = 0 }: Subject,
  settings: BenchSettings,
  { backend, progress, output }: BenchRunContext,
  open: (engines: Engine[]) => Promise<Engine | string>,
): Promise<BenchReport> {
  const engines: Engine[] = [];
  const beside: Engine[] = [];
  try {
    const onRuntime = await open(engines);
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
      leastScale,
      now: () => performance.now(),
      onRound: (batch, round, rounds) => progress.update(`batch ${batch}`, `round ${round}/${rounds}`),
    }, beside);
    const report: BenchReport = {
      run: path,
      network,
      ...(engine === undefined ? {} : { engine }),
      environment: describeEnvironment(backend, new Date()),
      settings,
      ...findings,
      backendHeapBytes: heapBytes(),
    };
    if (output === undefined) return report;
    await writeJsonAtomically(output.benchReport, report);
    await writeFileAtomically(
      output.benchChart,
      renderBench(report, `${report.network}: training form and fused form`, whereText(report)),
    );
    return report;
  } finally {
    for (const engine of [...engines, ...beside]) engine.dispose();
  }
}

/** The same network on the runtime, with the same instructions and as many threads; or why it is left out. */
export async function openOnRuntime(
  graph: Graph,
  { instructionSet, threads, kernels }: Pick<BackendInfo, "instructionSet" | "threads" | "kernels">,
): Promise<Engine | string> {
  if (kernels === "stock") return "the runtime has kernels of its own, no stock ones.";
  if (instructionSet === "none") return "there are no 128-bit vectors here.";
  const obstacle = obstacleOf(graph);
  if (obstacle !== undefined) return obstacle;
  return createRuntimeEngine(FORM_NAMES.runtime, graph, await openRuntime({ instructionSet, threads }));
}

/**
 * The images that a network takes, [height, width, channels]; what it leaves open gets a length.
 *
 * @param imageSize That length.
 *
 * @throws {InputError} when it does not take images.
 */
export function imageSizeOf(
  graph: Graph,
  path: string,
  imageSize = OPEN_SIDE,
): readonly [number, number, number] {
  const shape = imageInputOf(graph);
  if (shape === undefined) {
    throw new InputError(
      `Cannot bench ${path}: it takes ${inputsText(graph)}, expected images [N, height, width, channels].`,
      "fuse takes it, and prints the MACs and bytes of both forms.",
    );
  }
  return shape.slice(1).map((length) => length ?? imageSize) as [number, number, number];
}

/**
 * Noise of this size: what is compared whatever batch is timed, and what is timed.
 *
 * @param takes How many images the network takes at once, where it takes no other number; and the range of its pixels.
 */
export function randomBatches(
  size: readonly [number, number, number],
  seed: number,
  { fixed, range }: { readonly fixed?: number | null | undefined; readonly range?: PixelRange | undefined },
): Subject["images"] {
  return (batch) =>
    [...new Set([fixed ?? COMPARED_IMAGES, batch])].map((count) => randomImages(size, count, seed, range));
}

/** Uniform noise over the range of pixels: that of normalised ones where none is known. */
function randomImages(
  [height, width, channels]: readonly [number, number, number],
  count: number,
  seed: number,
  range: PixelRange = "-1..1",
): NamedBatch {
  const random = Random.from(seed, "random images");
  const [low, high] = boundsOf(range);
  const images = Float32Array.from(
    { length: count * height * width * channels },
    () => random.uniform(low, high),
  );
  return { name: "random images", batch: { images, shape: [count, height, width, channels] } };
}

/** The first test images: those that are compared, then those that are timed. */
function testImages(dataset: Dataset, normalization: Normalization, batch: number): NamedBatch[] {
  return [...new Set([COMPARED_IMAGES, batch])].map((count) => ({
    name: "test images",
    batch: firstTestImages(dataset, normalization, count),
  }));
}

/** The first `count` test images; from the beginning again where there are fewer. */
function firstTestImages(dataset: Dataset, normalization: Normalization, count: number): InputBatch {
  const { height, width, channels, test } = dataset;
  const indices = Array.from({ length: count }, (_, i) => i % test.count);
  const { images } = gatherBatch(test, { height, width, channels }, indices, { normalization });
  return { images, shape: [count, height, width, channels] };
}
