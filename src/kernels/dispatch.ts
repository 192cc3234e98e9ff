/**
 * Runs range kernels: writes the descriptor, takes scratch memory, hands the range to one thread or to all. It is the
 * only place that calls into `assembly/` on the main thread.
 *
 * @module
 */
import { type Heap, HeapBlock } from "./heap.ts";
import type { KernelName, RangeKernel } from "./instance.ts";
import { MAXIMUM_PARTS_PER_THREAD } from "./threads/parts.ts";
import type { WorkerPool } from "./threads/pool.ts";

/** One call of a kernel. */
export interface Work {
  readonly kernel: KernelName;
  /** The fields of the kernel's `@unmanaged` class, from `descriptors.ts`. */
  readonly words: readonly number[];
  /** How many units there are in all. What a unit is, the kernel's documentation says. */
  readonly units: number;
  /** Scratch memory that one thread needs, in bytes. */
  readonly scratchBytes?: number;
  /**
   * About how long one thread takes, in ns: multiply-adds times {@link NS_PER_MULTIPLY_ADD}, or bytes read and written
   * times {@link NS_PER_BYTE}. It decides whether other threads take part; without it they do.
   */
  readonly costNs?: number;
  /**
   * Whether a range costs its share, however short it is. Then there are more ranges than threads, so that a thread that
   * comes late holds up little. By default no: where each range repeats some work, there is one for each thread.
   */
  readonly splitsFreely?: boolean;
}

/** What a multiply-add costs where they are all that matters, in ns. */
export const NS_PER_MULTIPLY_ADD = 1 / 16;
/** What a byte costs where moving them is all that matters, in ns. */
export const NS_PER_BYTE = 1 / 8;
/** Work of less than this is done on the calling thread, in ns: handing it out costs about a tenth. */
const SHARED_FROM_NS = 5_000;
/** Work of less than this is only shared with threads that are awake, in ns: waking one costs the caller 10,000 to 20,000. */
const WAKING_FROM_NS = 60_000;

/** Room for the longest descriptor, in bytes. */
const DESCRIPTOR_BYTES = 256;
/** Scratch memories of two threads lie so far apart, in bytes, that no cache line is shared. */
const SCRATCH_ALIGNMENT = 128;

/** Runs kernels of one instance on one heap. */
export class Dispatcher {
  private readonly descriptor: HeapBlock;
  private scratch: HeapBlock;
  private sharing = true;

  /**
   * @param kernels The exports of the instance.
   * @param pool Threads to share the work with.
   */
  constructor(
    private readonly heap: Heap,
    private readonly kernels: Readonly<Record<KernelName, RangeKernel>>,
    private pool?: WorkerPool,
  ) {
    this.descriptor = new HeapBlock(heap, DESCRIPTOR_BYTES);
    this.scratch = new HeapBlock(heap, 0);
  }

  /**
   * Does all units of the work and returns when they are done.
   *
   * @throws {Error} when no kernel has that name.
   * @throws {WorkError} when another thread fails.
   */
  run(work: Work): void {
    const kernel = this.kernels[work.kernel];
    if (kernel === undefined) {
      throw new Error(`Cannot run ${work.kernel}: assembly/ exports no kernel of that name`);
    }
    const { units, costNs = Infinity } = work;
    const shared = this.sharing && units > 1 && costNs >= SHARED_FROM_NS;
    const threads = shared ? this.pool?.threads ?? 1 : 1;
    const scratchStride = Math.ceil((work.scratchBytes ?? 0) / SCRATCH_ALIGNMENT) * SCRATCH_ALIGNMENT;
    const scratch = this.scratchOf(threads * scratchStride);
    const view = new Int32Array(this.heap.memory.buffer, this.descriptor.offset, work.words.length);
    view.set(work.words);
    const descriptor = this.descriptor.offset;
    if (threads === 1) {
      kernel(descriptor, 0, units, scratch);
    } else {
      const parts = work.splitsFreely ? threads * MAXIMUM_PARTS_PER_THREAD : threads;
      const wake = costNs >= WAKING_FROM_NS;
      this.pool!.run({ kernel: work.kernel, descriptor, units, parts, scratch, scratchStride, wake });
    }
  }

  /** Whether other threads may take part from now on; for comparisons. */
  shareWork(sharing: boolean): void {
    this.sharing = sharing;
  }

  /** Ends the other threads; from then on all work is done on this one. Resolves when they are gone. */
  async stopThreads(): Promise<void> {
    const pool = this.pool;
    this.pool = undefined;
    await pool?.stop();
  }

  /** Gives back all memory and ends the other threads; the dispatcher is of no use afterwards. */
  dispose(): void {
    this.stopThreads();
    this.descriptor.free();
    this.scratch.free();
  }

  /** At least `bytes` of scratch memory; it is kept from call to call and only grows. */
  private scratchOf(bytes: number): number {
    if (bytes > this.scratch.bytes) {
      this.scratch.free();
      this.scratch = new HeapBlock(this.heap, bytes);
    }
    return this.scratch.offset;
  }
}
