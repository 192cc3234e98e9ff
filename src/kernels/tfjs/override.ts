/**
 * What a file of fast kernels exports: functions under standard kernel names, each of which may decline a call, which
 * then goes to the stock kernel.
 *
 * @module
 */
import type { KernelArguments } from "./fallback/compose.ts";
import type { LaunchContext } from "../context.ts";
import type { TensorInfo, WasmBackend } from "./backend_heap.ts";
import type { DeferredOutputs } from "./deferred.ts";

/** What fast kernels work with. */
export interface KernelContext extends LaunchContext {
  /** Whose tensors they compute; its memory is the heap. */
  readonly backend: WasmBackend;
  /** Outputs that wait until somebody reads them. */
  readonly deferred: DeferredOutputs;
}

/** A fast kernel under a standard name. */
export interface KernelOverride<Attrs = unknown> {
  /** As TensorFlow.js names it, for example "Conv2D". */
  readonly kernelName: string;
  /** Computes the outputs in fresh tensors, or returns undefined, without side effects, where it does not serve. */
  readonly run: (
    context: KernelContext,
    args: KernelArguments<Attrs>,
  ) => TensorInfo | TensorInfo[] | undefined;
}

/** An override with its attributes' type forgotten, so that several fit in one list. */
export function override<Attrs>(kernelName: string, run: KernelOverride<Attrs>["run"]): KernelOverride {
  return { kernelName, run: run as KernelOverride["run"] };
}
