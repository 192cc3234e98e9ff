/**
 * Starts the TensorFlow.js wasm backend in Deno with `--allow-read` alone: the wasm files are taken from the installed
 * package, and the gradients that the backend lacks are registered.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import { registerComposedGradients } from "./composed/register.ts";
import { installKernels } from "./install.ts";
import type { InstructionSet } from "./instance.ts";

export { heapBytes } from "./heap.ts";

/** Which kernels serve, and on how many threads. */
export interface BackendOptions {
  /** "fast" (default) installs the kernels of this folder; "stock" leaves TensorFlow.js as it is. */
  readonly kernels?: "fast" | "stock";
  /** How many threads the kernels may use; 1 always works. */
  readonly threads?: number;
}

/** What was started, for `environment.json` and the head of a benchmark. */
export interface BackendInfo {
  readonly backend: "wasm";
  readonly version: string;
  readonly kernels: "fast" | "stock";
  /** What the fast kernels use; "none" when they are not installed. */
  readonly instructionSet: InstructionSet;
  readonly threads: number;
}

/**
 * Makes the wasm backend the active one and waits until it is ready. A second call returns what the first one started.
 *
 * @throws {Error} when the backend cannot start, or when it runs already with other options.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { startBackend } from "./backend.ts";
 * await startBackend();
 * tf.scalar(1).print();
 * ```
 */
export function startBackend(options: BackendOptions = {}): Promise<BackendInfo> {
  const kernels = options.kernels ?? "fast";
  const threads = options.threads ?? 1;
  if (started !== undefined) {
    if (started.kernels !== kernels || started.threads !== threads) {
      throw new Error(
        `Cannot start the backend with ${kernels} kernels on ${threads} threads as it runs with ` +
          `${started.kernels} kernels on ${started.threads}`,
      );
    }
    return started.ready;
  }
  started = { kernels, threads, ready: start(kernels, threads) };
  return started.ready;
}

let started: { kernels: string; threads: number; ready: Promise<BackendInfo> } | undefined;

async function start(kernels: "fast" | "stock", threads: number): Promise<BackendInfo> {
  setWasmPaths(packageFolder());
  setThreadsCount(1);
  if (!await tf.setBackend("wasm")) {
    throw new Error("Cannot start the wasm backend: this machine has no WebAssembly, or a file is missing");
  }
  await tf.ready();
  registerComposedGradients();
  const instructionSet = kernels === "fast" ? (await installKernels()).instructionSet : "none";
  return { backend: "wasm", version: version_wasm, kernels, instructionSet, threads };
}

/** Where the package keeps its `.wasm` files: beside its entry point. A path with a closing slash. */
function packageFolder(): string {
  const entry = new URL("./", import.meta.resolve("@tensorflow/tfjs-backend-wasm"));
  return entry.protocol === "file:" ? decodeURIComponent(entry.pathname) : entry.href;
}
