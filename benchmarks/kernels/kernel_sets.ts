/**
 * Switches between the stock kernels and the fast ones within one process, so that a benchmark can run them in turn.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { installKernels } from "../../src/kernels/tfjs/install.ts";

/** The two sets of kernels that a benchmark compares. */
export interface KernelSets {
  /** Makes the fast kernels serve. */
  useFast(): void;
  /** Makes the stock kernels serve, with the fallback gradients where they have none. */
  useStock(): void;
}

/**
 * Installs the fast kernels and keeps what they replaced. The backend must run with stock kernels.
 *
 * @throws {Error} when the kernels are installed already.
 */
export async function kernelSets(): Promise<KernelSets> {
  const stock = registered();
  await installKernels();
  const fast = registered();
  const replaced = [...fast.keys()].filter((name) => fast.get(name) !== stock.get(name));
  return {
    useFast: () => use(replaced, fast),
    useStock: () => use(replaced, stock),
  };
}

function registered(): Map<string, tf.KernelConfig> {
  return new Map(tf.getKernelsForBackend("wasm").map((kernel) => [kernel.kernelName, kernel]));
}

function use(names: readonly string[], set: ReadonlyMap<string, tf.KernelConfig>): void {
  for (const name of names) {
    const kernel = set.get(name);
    if (tf.getKernel(name, "wasm") === kernel) continue;
    if (tf.getKernel(name, "wasm") !== undefined) tf.unregisterKernel(name, "wasm");
    if (kernel !== undefined) tf.registerKernel(kernel);
  }
}
