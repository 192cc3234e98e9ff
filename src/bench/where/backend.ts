/**
 * The wasm backend of TensorFlow.js from a contest's own files, with the stock kernels and ours side by side.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import type { EmbeddedKernels } from "../../deploy/module/embedded_kernels.ts";
import { installKernels } from "../../kernels/tfjs/install.ts";
import { provideWorkerScript } from "./browser_workers.ts";
import { provideKernels } from "./compiled_kernels.ts";
import { type KernelSet, switchableKernels } from "./kernel_switch.ts";
import { mendStockPadding } from "./stock_padding.ts";

/** What the backend is made of. */
export interface BackendParts {
  /** Address of `tfjs-backend-wasm-simd.wasm`. */
  readonly wasm: string;
  readonly kernels: EmbeddedKernels;
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
  readonly kernels: EmbeddedKernels;
  /** Address of the script that the workers run. */
  readonly workerScript: string;
}

/**
 * Starts the backend.
 *
 * @returns a function that chooses the kernels.
 * @throws {Error} when there are no 128-bit vectors in WebAssembly here, or the backend does not start.
 */
export async function startContestBackend(
  { wasm, kernels, threads }: BackendParts,
): Promise<(set: KernelSet) => void> {
  if (!await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) {
    throw new Error("There are no 128-bit vectors here");
  }
  // The threaded build is another file and starts eight workers of its own.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", threads !== undefined);
  if (threads !== undefined) {
    setThreadsCount(threads.count);
    provideWorkerScript(threads.workerScript);
  }
  // It asks for all three addresses; with the flags as they are, it reads the one that is there.
  setWasmPaths({
    "tfjs-backend-wasm.wasm": wasm,
    "tfjs-backend-wasm-simd.wasm": wasm,
    "tfjs-backend-wasm-threaded-simd.wasm": threads?.wasm ?? wasm,
  }, true);
  provideKernels(kernels, threads?.kernels);
  if (!await tf.setBackend("wasm")) throw new Error("TensorFlow.js cannot start its wasm backend here");
  await tf.ready();
  mendStockPadding("wasm");
  return await switchableKernels("wasm", () => installKernels({ threads: threads?.count ?? 1 }));
}
