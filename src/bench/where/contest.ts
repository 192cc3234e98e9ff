/**
 * One contest, wherever it is held: every engine with both forms, on the same images, in turn. This file is bundled once,
 * and the same bundle runs in Deno, in Node.js and in a browser, so that nothing but the place differs.
 *
 * @module
 */
import { detectInstructionSet } from "../../kernels/instruction_set.ts";
import { bestEngine, runtimeOptions } from "../../deploy/module/embedded_kernels.ts";
import { sizeOf } from "../../graph/graph.ts";
import { Random } from "../../random.ts";
import { readLayersModel } from "../../formats/tfjs/read.ts";
import { openModel } from "../../model/open_model.ts";
import { createRuntime } from "../../runtime/runtime.ts";
import type { Engine } from "../engine.ts";
import { createOnnxEngine } from "../engines/onnxruntime.ts";
import { createRuntimeEngine } from "../engines/runtime.ts";
import { createTfjsEngine } from "../engines/tfjs.ts";
import { measure, type Samples } from "../../timing/paired.ts";
import { requireSameOutputs } from "../same_outputs.ts";
import { median, pairedRatio, quantile } from "../../timing/statistics.ts";
import {
  CONTEST_FILES,
  type ContestData,
  type ContestResult,
  type ContestTime,
  type EngineName,
  type FormName,
  FORMS,
  onnxFile,
  weightsFile,
} from "./contest_data.ts";
import { startContestBackend } from "./backend.ts";

/** An engine and what it stands for. */
interface Contestant {
  readonly engine: EngineName;
  readonly form: FormName;
  readonly timed: Engine;
}

/** How many rounds run first and are thrown away, at least. */
const WARMUP_ROUNDS = 2;

/** What a place gives to the contest. */
export interface Surroundings {
  /** "Node.js 20.1", "Chrome 156". */
  readonly runtime: string;
  /** How many threads; more than 1 in an isolated page alone. */
  readonly threads: number;
  /** Reads one of the contest's files. */
  readonly read: (name: string) => Promise<ArrayBuffer>;
  /** Told how far it is. */
  readonly onProgress: (message: string) => void;
}

/**
 * Holds the contest.
 *
 * @throws {GateError} when an engine does not compute what the others do.
 */
export async function holdContest(
  { runtime, threads, read, onProgress }: Surroundings,
): Promise<ContestResult> {
  const data = JSON.parse(new TextDecoder().decode(await read(CONTEST_FILES.data))) as ContestData;
  const images = new Float32Array(await read(CONTEST_FILES.images));
  const contestants = await createContestants(data, threads, read);
  const engines = contestants.map(({ timed }) => timed);
  const times: ContestTime[] = [];
  let maxRelativeDifference = 0;
  for (const batch of data.batches) {
    const pixels = images.subarray(0, batch * sizeOf(data.inputSize));
    const input = { images: pixels, shape: [batch, ...data.inputSize] as const };
    const difference = await requireSameOutputs(
      engines,
      [{ name: "test images", batch: input }],
      data.tolerance,
    );
    maxRelativeDifference = Math.max(maxRelativeDifference, difference);
    const samples = await measure({
      contestants: engines,
      rounds: data.rounds,
      warmupRounds: WARMUP_ROUNDS,
      warmupMs: data.warmupMs,
      minimumMs: data.minimumMs,
      budgetMs: data.budgetMs,
      now: () => performance.now(),
      random: Random.from(data.seed, "order", batch),
      onRound: (done, rounds) => onProgress(`batch ${batch}  round ${done}/${rounds}`),
    });
    times.push(...timesOf(contestants, samples, batch, data.seed));
  }
  for (const engine of engines) engine.dispose();
  return {
    runtime,
    instructionSet: detectInstructionSet(),
    threads,
    times,
    maxRelativeDifference,
  };
}

async function createContestants(
  data: ContestData,
  threads: number,
  read: Surroundings["read"],
): Promise<Contestant[]> {
  // Every runtime can fetch a blob; not every one can fetch a file.
  const addressOf = async (name: string) => URL.createObjectURL(new Blob([await read(name)]));
  const choose = await startContestBackend({
    wasm: await addressOf(CONTEST_FILES.tfjsWasm),
    kernels: data.kernels,
    ...(threads === 1 ? {} : {
      threads: {
        count: threads,
        wasm: await addressOf(CONTEST_FILES.tfjsThreadedWasm),
        kernels: data.sharedKernels,
        workerScript: `./${CONTEST_FILES.threadScript}`,
      },
    }),
  });
  const runtime = createRuntime(await runtimeOptions(bestEngine(), data.kernels));
  const ort = { wasm: await read(CONTEST_FILES.ortWasm), threads };
  const contestants: Contestant[] = [];
  for (const form of FORMS) {
    const artifacts = { ...data.models[form], weightData: await read(weightsFile(form)) };
    const add = (engine: EngineName, timed: Engine) => contestants.push({ engine, form, timed });
    const named = (engine: EngineName) => `${engine} ${form}`;
    for (const set of ["stock", "fast"] as const) {
      const engine = createTfjsEngine(named(set), await openModel(artifacts, form));
      add(set, runFirst(engine, () => choose(set)));
    }
    add("module", createRuntimeEngine(named("module"), readLayersModel(artifacts), runtime));
    const onnx = await read(onnxFile(form));
    add("onnxruntime", await createOnnxEngine(named("onnxruntime"), new Uint8Array(onnx), ort));
  }
  return contestants;
}

/** An engine that does something before each run. */
function runFirst(engine: Engine, first: () => void): Engine {
  return {
    name: engine.name,
    prepare: (batch) => engine.prepare(batch),
    run() {
      first();
      return engine.run();
    },
    output: () => engine.output(),
    footprint: () => engine.footprint(),
    dispose: () => engine.dispose(),
  };
}

function timesOf(
  contestants: readonly Contestant[],
  samples: readonly Samples[],
  batch: number,
  seed: number,
): ContestTime[] {
  const timesMsOf = (engine: EngineName, form: FormName) =>
    samples[contestants.findIndex((other) => other.engine === engine && other.form === form)]!.timesMs;
  const ratio = (slow: Float64Array, fast: Float64Array, ...key: string[]) =>
    pairedRatio(slow, fast, Random.from(seed, "bootstrap", batch, ...key));
  return contestants.map(({ engine, form }) => {
    const timesMs = timesMsOf(engine, form);
    return {
      engine,
      form,
      batch,
      medianMs: median(timesMs),
      p95Ms: quantile(timesMs, 0.95),
      rounds: timesMs.length,
      ...(form === "fused" ? { overTraining: ratio(timesMsOf(engine, "training"), timesMs, engine) } : {}),
      ...(engine === "stock" ? {} : { overStock: ratio(timesMsOf("stock", form), timesMs, engine, form) }),
    };
  });
}
