/**
 * What every thread does with a job, and the life of a worker. Nothing here knows Deno, a browser or TensorFlow.js: a
 * worker gets the compiled kernels and the heap's memory, and works in place.
 *
 * A worker waits in JavaScript, never inside a kernel: code without V8's trap handler learns that another thread
 * has grown the memory only when it enters a WebAssembly function.
 *
 * @module
 */
import type { RangeKernel } from "../instance.ts";
import { ControlBlock } from "./control.ts";

/** What a worker is started with. All of it can be sent to another thread. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  /** The heap's memory, a shared one. */
  readonly memory: WebAssembly.Memory;
  /** From {@link ControlBlock.allocate}. */
  readonly control: SharedArrayBuffer;
  /** How many threads there are, the main thread included. */
  readonly threads: number;
  /** Which one this is, from 1. */
  readonly thread: number;
}

/** The names of the kernels that a module exports. A job names a kernel by its place in this list. */
export function kernelNames(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === "function")
    .map(({ name }) => name);
}

/** The units [begin, end) of one part: as even as whole units go, and the same in every run. */
export function partRange(units: number, part: number, parts: number): [begin: number, end: number] {
  return [Math.floor(units * part / parts), Math.floor(units * (part + 1) / parts)];
}

/**
 * Takes parts of a job until none is free, each thread from another part on. A part that throws is given back as failed.
 *
 * @param kernels In the order of {@link kernelNames}.
 */
export function workOn(
  control: ControlBlock,
  kernels: readonly RangeKernel[],
  number: number,
  thread: number,
): void {
  // How many parts the job has is not known before one is taken: those that it has not are taken by nobody.
  for (let step = 0; step < control.maximumParts; step++) {
    const part = (thread + step) % control.maximumParts;
    if (!control.take(number, part, thread)) continue;
    try {
      const { kernel, descriptor, units, parts, scratch, scratchStride } = control.job();
      const [begin, end] = partRange(units, part, parts);
      if (begin < end) kernels[kernel]!(descriptor, begin, end, scratch + thread * scratchStride);
      control.finish(number, part);
    } catch (error) {
      control.fail(number, part, String(error));
    }
  }
}

/** The whole life of a worker. Returns only when it cannot start; a worker is ended from outside. */
export function serve(start: WorkerStart): void {
  const control = new ControlBlock(start.control, start.threads);
  let kernels: RangeKernel[];
  try {
    const { exports } = new WebAssembly.Instance(start.module, { env: { memory: start.memory } });
    kernels = kernelNames(start.module).map((name) => exports[name] as RangeKernel);
  } catch (error) {
    control.reportStart(start.thread, String(error));
    return;
  }
  control.reportStart(start.thread);
  for (let number = 0;;) {
    number = control.awaitJob(number);
    workOn(control, kernels, number, start.thread);
  }
}
