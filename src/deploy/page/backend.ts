/**
 * The wasm backend of TensorFlow.js in a page, with the fast kernels or as it is.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { type InstalledKernels, installKernels } from "../../kernels/tfjs/install.ts";
import { provideWorkerScript } from "./browser_workers.ts";
import { type CompiledKernels, provideKernels } from "./compiled_kernels.ts";

/** What a page brings along. */
export interface BackendParts {
  /** Address of `tfjs-backend-wasm-simd.wasm`. */
  readonly wasm: string;
  readonly kernels: CompiledKernels;
  /** For more than one thread, in a page that is isolated. */
  readonly threads?: ThreadParts;
}

/** What more it takes to compute on several threads. */
export interface ThreadParts {
  /** How many, this one included. */
  readonly count: number;
  /** Address of `tfjs-backend-wasm-threaded-simd.wasm`. */
  readonly wasm: string;
  /** The kernels for shared memory. */
  readonly kernels: CompiledKernels;
  /** Address of the script that the workers run. */
  readonly workerScript: string;
}

/**
 * Starts the backend and installs the fast kernels.
 *
 * @param installBy Does the installation that it is given, and may do more around it; its result is handed on.
 * @throws {Error} when this browser has no 128-bit vectors in WebAssembly, or the backend does not start.
 */
export async function startPageBackend<T>(
  parts: BackendParts,
  installBy: (install: () => Promise<InstalledKernels>) => Promise<T>,
): Promise<T> {
  if (!await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) {
    throw new Error(
      "This browser has no WebAssembly SIMD. Every major browser has had it since 2023: please update.",
    );
  }
  const { threads } = parts;
  // The threaded build is another file and starts eight workers of its own.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", threads !== undefined);
  if (threads !== undefined) {
    setThreadsCount(threads.count);
    provideWorkerScript(threads.workerScript);
  }
  // It asks for all three addresses; with the flags as they are, it reads the one that is there.
  setWasmPaths({
    "tfjs-backend-wasm.wasm": parts.wasm,
    "tfjs-backend-wasm-simd.wasm": parts.wasm,
    "tfjs-backend-wasm-threaded-simd.wasm": threads?.wasm ?? parts.wasm,
  }, true);
  provideKernels(parts.kernels, threads?.kernels);
  if (!await tf.setBackend("wasm")) throw new Error("TensorFlow.js cannot start its wasm backend here.");
  await tf.ready();
  return await installBy(() => installKernels({ threads: threads?.count ?? 1 }));
}
