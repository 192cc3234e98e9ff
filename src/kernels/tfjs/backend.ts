/**
 * Starts the TensorFlow.js wasm backend in Deno with `--allow-read` alone: the wasm files are taken from the installed
 * package, and the gradients that the backend lacks are registered.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths, version_wasm } from "@tensorflow/tfjs-backend-wasm";
import { InputError } from "../../errors.ts";
import { registerFallbackGradients } from "./register.ts";
import { guardAllocations, wasmBackend } from "./backend_heap.ts";
import { type InstalledKernels, installKernels } from "./install.ts";
import { detectInstructionSet, type InstructionSet } from "../instruction_set.ts";
import { threadsObstacle } from "../threads/obstacle.ts";
import { withSharedHeap } from "./shared_heap.ts";

export { heapBytes } from "./backend_heap.ts";

/** Which kernels serve, and on how many threads. */
export interface BackendOptions {
  /** "fast" (default) installs the kernels of this folder; "stock" leaves TensorFlow.js as it is. */
  readonly kernels?: "fast" | "stock";
  /**
   * How many threads the fast kernels may use, 1 by default. More than 1 puts the heap into shared memory; where that
   * cannot be, and with stock kernels, it is 1 all the same.
   */
  readonly threads?: number;
  /**
   * What the fast kernels use, the best that the machine has when not given. "simd" computes the same on every machine with
   * 128-bit vectors.
   */
  readonly instructionSet?: InstructionSet;
}

/** What was started, for `environment.json` and the head of a benchmark. */
export interface BackendInfo {
  /** The one backend that RepFuse uses. */
  readonly backend: "wasm";
  /** Of the backend's package. */
  readonly version: string;
  /** As asked for; see {@link BackendOptions.kernels}. */
  readonly kernels: "fast" | "stock";
  /** What the fast kernels use; "none" when they are not installed. */
  readonly instructionSet: InstructionSet;
  /** How many threads serve. */
  readonly threads: number;
  /** Why they are fewer than were asked for. */
  readonly threadsNote?: string;
}

/**
 * Makes the wasm backend the active one and waits until it is ready. A second call returns what the first one started.
 *
 * @throws {Error} when the backend cannot start, or when it runs already with other options.
 * @throws {InputError} when the number of threads is not a whole number of at least 1.
 * @throws {WorkError} when the kernels do not compile, or a worker does not start.
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
  if (!Number.isInteger(threads) || threads < 1) {
    throw new InputError(`Cannot use ${threads} threads: expected a whole number of at least 1`);
  }
  const asked = `${kernels} kernels${
    options.instructionSet === undefined ? "" : ` (${options.instructionSet})`
  } on ${threads} threads`;
  if (started !== undefined && started.asked !== asked) {
    throw new Error(`Cannot start the backend with ${asked} as it runs with ${started.asked}`);
  }
  started ??= { asked, ready: start(kernels, threads, options.instructionSet) };
  return started.ready;
}

let started: { asked: string; ready: Promise<BackendInfo> } | undefined;

let installed: InstalledKernels | undefined;

/**
 * Ends the threads that {@link startBackend} started; what is computed from then on is computed on this one. Resolves
 * when they are gone. A program need not call it: idle threads do not keep a process alive.
 */
export async function stopBackendThreads(): Promise<void> {
  await installed?.stopThreads();
}

/** Whether the threads that {@link startBackend} started may take part from now on; for comparisons. */
export function shareBackendWork(sharing: boolean): void {
  installed?.shareWork(sharing);
}

async function start(
  kernels: "fast" | "stock",
  threadsAsked: number,
  instructionSet: InstructionSet = detectInstructionSet(),
): Promise<BackendInfo> {
  const threadsNote = threadsAsked === 1 ? undefined : oneThreadReason(kernels, instructionSet);
  const threads = threadsNote === undefined ? threadsAsked : 1;
  setWasmPaths(packageFolder());
  setThreadsCount(1);
  await (threads === 1 ? startWasm() : withSharedHeap(startWasm));
  guardAllocations(wasmBackend());
  registerFallbackGradients();
  if (kernels === "fast") installed = await installKernels({ threads, instructionSet });
  return {
    backend: "wasm",
    version: version_wasm,
    kernels,
    instructionSet: installed?.instructionSet ?? "none",
    threads,
    ...(threadsNote === undefined ? {} : { threadsNote }),
  };
}

function oneThreadReason(kernels: "fast" | "stock", instructionSet: InstructionSet): string | undefined {
  if (kernels === "stock") return "the stock kernels run on one thread here";
  if (instructionSet === "none") return "there are no 128-bit vectors, so the stock kernels serve";
  return threadsObstacle();
}

async function startWasm(): Promise<void> {
  if (!await tf.setBackend("wasm")) {
    throw new Error("Cannot start the wasm backend: this machine has no WebAssembly, or a file is missing");
  }
  await tf.ready();
}

/** Where the package keeps its `.wasm` files: beside its entry point. A path with a closing slash. */
function packageFolder(): string {
  const entry = new URL("./", import.meta.resolve("@tensorflow/tfjs-backend-wasm"));
  return entry.protocol === "file:" ? decodeURIComponent(entry.pathname) : entry.href;
}
