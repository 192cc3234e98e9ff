/**
 * Installs the fast kernels in the wasm backend under their standard names, so that every TensorFlow.js program gets
 * them by one call. What a fast kernel declines goes to the kernel that was there before.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { BATCH_NORMS } from "./batch_norm/kernels.ts";
import type { KernelArguments } from "./fallback/compose.ts";
import type { KernelTarget } from "../build.ts";
import { registerFallbackGradients } from "./register.ts";
import { FILTER_GRADIENTS } from "./conv2d/filter_gradient.ts";
import { FORWARD_CONVOLUTIONS } from "./conv2d/forward.ts";
import { INPUT_GRADIENTS } from "./conv2d/input_gradient.ts";
import { DEPTHWISE_CONVOLUTIONS } from "./depthwise/forward.ts";
import { DEPTHWISE_GRADIENTS } from "./depthwise/gradients.ts";
import { DeferredOutputs } from "./deferred.ts";
import { Dispatcher } from "../dispatch.ts";
import { MEANS } from "./elementwise/mean.ts";
import { ELEMENTWISE } from "./elementwise/pieces.ts";
import { SHARING } from "./elementwise/sharing.ts";
import { VARIABLE_UPDATES } from "./variables/kernels.ts";
import { guardAllocations, heapMemory, heapOf, onDispose, wasmBackend } from "./backend_heap.ts";
import { instantiateKernels } from "../instance.ts";
import { detectInstructionSet, type InstructionSet } from "../instruction_set.ts";
import type { KernelContext, KernelOverride } from "./override.ts";
import { WorkerPool } from "../threads/pool.ts";
import { spawnWorker } from "../threads/spawn.ts";
import { TransformedWeights } from "../transformed_weights.ts";

/** What the copies of weights in the layouts of the kernels may take: a quarter of all that the heap reaches. */
const TRANSFORMED_BYTES = 2 ** 30;

/** All fast kernels. */
export const OVERRIDES: readonly KernelOverride[] = [
  ...FORWARD_CONVOLUTIONS,
  ...INPUT_GRADIENTS,
  ...FILTER_GRADIENTS,
  ...DEPTHWISE_CONVOLUTIONS,
  ...DEPTHWISE_GRADIENTS,
  ...BATCH_NORMS,
  ...VARIABLE_UPDATES,
  ...SHARING,
  ...ELEMENTWISE,
  ...MEANS,
];

/** What {@link installKernels} did. */
export interface InstalledKernels {
  /** "none" when this machine has no 128-bit vectors: the stock kernels serve, with the fallback gradients. */
  readonly instructionSet: InstructionSet;
  /** Bytes of the heap that hold transformed weights. */
  transformedWeightBytes(): number;
  /** Whether other threads may take part from now on; for comparisons. */
  shareWork(sharing: boolean): void;
  /** Ends the other threads; from then on the kernels run on this one. Resolves when they are gone. */
  stopThreads(): Promise<void>;
  /** Puts back the kernels that were there before and gives back all memory. */
  uninstall(): void;
}

/** How to install. */
export interface InstallOptions {
  /** Use less than the machine offers; for tests and comparisons. */
  readonly instructionSet?: InstructionSet;
  /** How many threads work together, this one included; more than 1 needs a shared heap. Default 1. */
  readonly threads?: number;
}

/**
 * Installs the fast kernels in the active wasm backend.
 *
 * @throws {Error} when the wasm backend is not the active one, or the kernels are installed already.
 * @throws {WorkError} when their sources do not compile, or a worker does not start.
 * @example
 * ```ts
 * import { startBackend } from "./backend.ts";
 * import { installKernels } from "./install.ts";
 * await startBackend({ kernels: "stock" });
 * const installed = await installKernels();
 * installed.uninstall();
 * ```
 */
export async function installKernels(options: InstallOptions = {}): Promise<InstalledKernels> {
  if (installed) {
    throw new Error("Cannot install the kernels as they are installed already: call uninstall() first");
  }
  guardAllocations(wasmBackend());
  const instructionSet = options.instructionSet ?? detectInstructionSet();
  registerFallbackGradients();
  if (instructionSet === "none") {
    return {
      instructionSet,
      transformedWeightBytes: () => 0,
      shareWork: () => {},
      stopThreads: () => Promise.resolve(),
      uninstall: () => {},
    };
  }
  const context = await createKernelContext(instructionSet, options.threads);
  const replaced = OVERRIDES.map((override) => replaceKernel(context, override));
  installed = true;
  return {
    instructionSet,
    transformedWeightBytes: () => context.weights.bytes(),
    shareWork: (sharing) => context.dispatcher.shareWork(sharing),
    stopThreads: () => context.dispatcher.stopThreads(),
    uninstall() {
      for (const before of replaced) {
        tf.unregisterKernel(before.kernelName, "wasm");
        tf.registerKernel(before);
      }
      context.dispose();
      installed = false;
    },
  };
}

let installed = false;

/**
 * What the fast kernels work with, on the active wasm backend. `installKernels` makes its own.
 *
 * @param threads How many threads work together; more than 1 needs a shared heap.
 * @throws {WorkError} when the sources do not compile, or a worker does not start.
 */
export async function createKernelContext(
  instructionSet: KernelTarget["instructionSet"],
  threads = 1,
): Promise<KernelContext & { dispose(): void }> {
  const backend = wasmBackend();
  const { module, exports: kernels } = await instantiateKernels(heapMemory(backend), instructionSet);
  const pool = threads > 1
    ? await WorkerPool.start({ threads, module, memory: heapMemory(backend), kernels, spawn: spawnWorker })
    : undefined;
  const heap = heapOf(backend);
  const dispatcher = new Dispatcher(heap, kernels, pool);
  const weights = new TransformedWeights(heap, TRANSFORMED_BYTES);
  // A tensor's data never changes while it lives: assigning to a `tf.Variable` gives it new data, under a new data id.
  const stopForgetting = onDispose(backend, (dataId) => weights.forget(dataId));
  const deferred = new DeferredOutputs(backend);
  return {
    backend,
    heap,
    dispatcher,
    weights,
    deferred,
    dispose() {
      deferred.stop();
      stopForgetting();
      weights.dispose();
      dispatcher.dispose();
    },
  };
}

/** Registers the override in the place of the kernel of its name, which it returns. */
function replaceKernel(context: KernelContext, override: KernelOverride): tf.KernelConfig {
  const { kernelName, run } = override;
  const before = tf.getKernel(kernelName, "wasm");
  if (before === undefined) {
    throw new Error(`Cannot install ${kernelName}: nothing would serve what it declines`);
  }
  tf.unregisterKernel(kernelName, "wasm");
  tf.registerKernel({
    ...before,
    kernelFunc: (args) =>
      run(context, args as unknown as KernelArguments<unknown>) ?? before.kernelFunc(args),
  });
  return before;
}
