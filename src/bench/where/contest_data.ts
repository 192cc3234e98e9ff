/**
 * What goes into a contest and what comes out: files in one folder, the same for Deno, Node.js and a browser.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { EmbeddedKernels } from "../../deploy/module/embedded_kernels.ts";
import type { Estimate } from "../../timing/statistics.ts";

/** The names of the files. */
export const CONTEST_FILES = {
  data: "contest.json",
  script: "contest.mjs",
  images: "images.bin",
  tfjsWasm: "tfjs-backend-wasm-simd.wasm",
  tfjsThreadedWasm: "tfjs-backend-wasm-threaded-simd.wasm",
  threadScript: "thread.mjs",
  ortWasm: "ort-wasm-simd-threaded.wasm",
} as const;

/** The two forms, baseline first. */
export const FORMS = ["training", "fused"] as const;

/** One of the two forms. */
export type FormName = (typeof FORMS)[number];

/** The engines, by what they are. */
export const ENGINES = {
  stock: "TensorFlow.js, stock kernels",
  fast: "TensorFlow.js, our kernels",
  module: "exported module",
  onnxruntime: "onnxruntime-web",
} as const;

/** One of the engines. */
export type EngineName = keyof typeof ENGINES;

/** The content of {@link CONTEST_FILES.data}. */
export interface ContestData {
  /** Both forms as LayersModels, but for their weights. */
  readonly models: Readonly<Record<FormName, Pick<io.ModelArtifacts, "modelTopology" | "weightSpecs">>>;
  /** Height, width and channels of an image. */
  readonly inputSize: readonly [height: number, width: number, channels: number];
  readonly kernels: EmbeddedKernels;
  /** The same for several threads. */
  readonly sharedKernels: EmbeddedKernels;
  /** Images per run, each measured for itself. */
  readonly batches: readonly number[];
  readonly rounds: number;
  readonly warmupMs: number;
  readonly minimumMs: number;
  /** Time per batch size, ms. */
  readonly budgetMs: number;
  /** Largest relative difference of outputs. */
  readonly tolerance: number;
  readonly seed: number;
}

/** The times of one engine with one form. */
export interface ContestTime {
  readonly engine: EngineName;
  readonly form: FormName;
  readonly batch: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly rounds: number;
  /** How many times as fast as the training form on the same engine; for the fused form. */
  readonly overTraining?: Estimate;
  /** How many times as fast as the same form with the stock kernels; for the other engines. */
  readonly overStock?: Estimate;
}

/** What a contest found in one place. */
export interface ContestResult {
  /** "V8 15.0", or the browser's name and version. */
  readonly runtime: string;
  /** What the fast kernels use. */
  readonly instructionSet: string;
  /** How many threads the engines used; the exported module uses one always. */
  readonly threads: number;
  readonly times: readonly ContestTime[];
  readonly maxRelativeDifference: number;
}

/** The file of a form's weights, as its LayersModel has them. */
export function weightsFile(form: FormName): string {
  return `${form}.bin`;
}

/** The file of a form as ONNX. */
export function onnxFile(form: FormName): string {
  return `${form}.onnx`;
}
