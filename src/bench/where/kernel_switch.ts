/**
 * Stock and fast kernels side by side in one TensorFlow.js, so that both can be timed in turn in one process.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Which kernels compute. */
export type KernelSet = "stock" | "fast";

/**
 * Installs the fast kernels so that they can be switched off and on at no cost.
 *
 * @param backend The backend that they are for.
 * @param install Puts the fast kernels in the place of the stock ones.
 * @returns a function that chooses.
 */
export async function switchableKernels(
  backend: string,
  install: () => Promise<unknown>,
): Promise<(set: KernelSet) => void> {
  const stock = new Map(tf.getKernelsForBackend(backend).map((kernel) => [kernel.kernelName, kernel]));
  await install();
  let chosen: KernelSet = "fast";
  for (const fast of tf.getKernelsForBackend(backend)) {
    const before = stock.get(fast.kernelName);
    if (before === undefined || before === fast) continue;
    tf.unregisterKernel(fast.kernelName, backend);
    tf.registerKernel({
      ...before,
      kernelFunc: (args) => (chosen === "fast" ? fast : before).kernelFunc(args),
    });
  }
  return (set) => {
    chosen = set;
  };
}
