/**
 * The worker threads: starts them, has them do jobs together with the main thread, and ends them.
 *
 * How it works. The heap of the wasm backend is a SharedArrayBuffer (`shared_heap.ts`), and every worker has its own
 * instance of the kernels on it. For each job the main thread cuts the units into one or a few parts for each thread,
 * does one, and then every part that no worker has taken yet (`control.ts`, `serve.ts`); it waits only for parts
 * that a worker is in the middle of. So a worker that sleeps, or that the system gives no processor, delays nothing.
 *
 * What can go wrong. A kernel that traps gives its part back with the reason, and the main thread throws it. A worker
 * that dies says so by an event, and the next job throws. When it dies in the middle of a part, the main thread, which
 * sees no events while it waits, gives up after {@link PoolOptions.patienceMs}; it then ends all workers, and every
 * further job throws.
 *
 * @module
 */
import { WorkError } from "../../errors.ts";
import type { KernelName, RangeKernel } from "../instance.ts";
import { ControlBlock, type Job } from "./control.ts";
import { kernelNames, type WorkerStart, workOn } from "./serve.ts";

/** A worker, as the pool sees it. */
export interface PoolWorker {
  /** Resolves when the worker has ended, however it did, to the reason. */
  readonly ended: Promise<string>;
  /** From now on it does not keep the process alive. */
  unref(): void;
  /** Ends it, whatever it does; resolves when it is gone. */
  terminate(): Promise<unknown>;
}

/** How to start a pool. */
export interface PoolOptions {
  /** How many threads, the main thread included: at least 2. */
  readonly threads: number;
  readonly module: WebAssembly.Module;
  /** The heap's memory, a shared one. */
  readonly memory: WebAssembly.Memory;
  /** The exports of the main thread's own instance. */
  readonly kernels: Readonly<Record<KernelName, RangeKernel>>;
  /** Starts a worker that calls `serve` with what it is given. */
  readonly spawn: (start: WorkerStart) => PoolWorker;
  /** How long to wait for a worker to start, and for a part that a worker has taken when all others are done. */
  readonly patienceMs?: number;
}

/** A job with its kernel's name. */
export type NamedJob = Omit<Job, "kernel"> & { readonly kernel: KernelName };

const PATIENCE_MS = 30_000;
const HINT = "Run it again, with --threads 1 if that does not help";

/** Worker threads, and the main thread beside them. */
export class WorkerPool {
  private readonly control: ControlBlock;
  private readonly names: string[];
  private readonly kernels: RangeKernel[];
  private readonly patienceMs: number;
  private readonly maySleep = maySleep();
  private workers: PoolWorker[] = [];
  private failure: WorkError | undefined;

  private constructor(options: PoolOptions) {
    this.control = new ControlBlock(ControlBlock.allocate(options.threads), options.threads);
    this.names = kernelNames(options.module);
    this.kernels = this.names.map((name) => options.kernels[name]!);
    this.patienceMs = options.patienceMs ?? PATIENCE_MS;
  }

  /**
   * Starts the workers and waits until all of them serve.
   *
   * @throws {WorkError} when a worker does not start; then none is left.
   */
  static async start(options: PoolOptions): Promise<WorkerPool> {
    const { module, memory, threads, spawn } = options;
    const pool = new WorkerPool(options);
    const control = pool.control.buffer;
    for (let thread = 1; thread < threads; thread++) {
      pool.workers.push(spawn({ module, memory, control, threads, thread }));
    }
    try {
      await Promise.all(pool.workers.map((worker, i) => pool.awaitStart(worker, i + 1)));
    } catch (error) {
      await pool.stop();
      throw error;
    }
    for (const worker of pool.workers) worker.unref();
    return pool;
  }

  private async awaitStart(worker: PoolWorker, thread: number): Promise<void> {
    const ended = worker.ended.then((reason) => {
      this.failure ??= new WorkError(`Cannot go on as worker ${thread} has died: ${reason}`, HINT);
      return reason;
    });
    const outcome = await Promise.race([this.control.awaitStart(thread, this.patienceMs), ended]);
    if (outcome === "done") return;
    const reason = outcome === "failed"
      ? this.control.error()
      : outcome === "late"
      ? `no sign of it for ${this.patienceMs / 1000} s`
      : outcome;
    throw new WorkError(`Cannot start worker ${thread}: ${reason}`, HINT);
  }

  /** How many threads there are, the main thread included. */
  get threads(): number {
    return this.control.threads;
  }

  /**
   * Does all units of a job and returns when they are done.
   *
   * @throws {WorkError} when a part fails, or a worker has died.
   */
  run(job: NamedJob): void {
    if (this.failure !== undefined) throw this.failure;
    const { control } = this;
    const number = control.publish({ ...job, kernel: this.names.indexOf(job.kernel) });
    workOn(control, this.kernels, number, 0);
    let failed = false;
    for (let part = 0; part < job.parts; part++) {
      const outcome = control.awaitPart(number, part, this.patienceMs, this.maySleep);
      if (outcome === "late") throw this.giveUp(job.kernel, part);
      failed ||= outcome === "failed";
    }
    if (failed) throw new WorkError(`Cannot run the kernel ${job.kernel}: ${control.error()}`);
  }

  /** A worker that is still at its part would write into memory that is given to others, so all are ended. */
  private giveUp(kernel: string, part: number): WorkError {
    this.failure = new WorkError(
      `Cannot go on as worker ${
        this.control.takerOf(part)
      } has not finished its part of the kernel ${kernel} ` +
        `${this.patienceMs / 1000} s after the others: it has died, or hangs`,
      HINT,
    );
    this.stop();
    return this.failure;
  }

  /** Ends all workers; resolves when they are gone. Every further job throws. A second call does nothing. */
  async stop(): Promise<void> {
    this.failure ??= new WorkError("Cannot use the worker threads as they were stopped");
    const workers = this.workers;
    this.workers = [];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Whether this thread may sleep; a browser's main thread may not. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}
