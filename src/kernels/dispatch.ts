/**
 * Runs range kernels: writes the descriptor, takes scratch memory, splits the range. It is the only place that calls
 * into `assembly/`, and so the only place where threads can come in.
 *
 * @module
 */
import { HeapBlock, heapMemory, type WasmBackend } from "./heap.ts";
import type { KernelName, RangeKernel } from "./instance.ts";

/** One call of a kernel. */
export interface Work {
  readonly kernel: KernelName;
  /** The fields of the kernel's `@unmanaged` class, in order; see {@link floatField} for its floats. */
  readonly fields: readonly number[];
  /** How many units there are in all. What a unit is, the kernel's documentation says. */
  readonly units: number;
  /** Scratch memory that one thread needs, in bytes. */
  readonly scratchBytes?: number;
}

/** A float as the field of a descriptor: its 32 bits as an integer. */
export function floatField(value: number): number {
  FLOAT_BITS.setFloat32(0, value);
  return FLOAT_BITS.getInt32(0);
}

const FLOAT_BITS = new DataView(new ArrayBuffer(4));
/** Room for the longest descriptor, in bytes. */
const DESCRIPTOR_BYTES = 256;

/** Runs kernels of one instance on one backend. */
export class Dispatcher {
  private readonly descriptor: HeapBlock;
  private scratch: HeapBlock;

  /**
   * @param kernels The exports of the instance.
   */
  constructor(
    private readonly backend: WasmBackend,
    private readonly kernels: Readonly<Record<KernelName, RangeKernel>>,
  ) {
    this.descriptor = new HeapBlock(backend, DESCRIPTOR_BYTES);
    this.scratch = new HeapBlock(backend, 0);
  }

  /**
   * Does all units of the work and returns when they are done.
   *
   * @throws {Error} when no kernel has that name.
   */
  run(work: Work): void {
    const kernel = this.kernels[work.kernel];
    if (kernel === undefined) {
      throw new Error(`Cannot run ${work.kernel}: assembly/ exports no kernel of that name`);
    }
    const scratch = this.scratchOf(work.scratchBytes ?? 0);
    const view = new Int32Array(heapMemory(this.backend).buffer, this.descriptor.offset, work.fields.length);
    view.set(work.fields);
    kernel(this.descriptor.offset, 0, work.units, scratch);
  }

  /** Gives back all memory; the dispatcher is of no use afterwards. */
  dispose(): void {
    this.descriptor.free();
    this.scratch.free();
  }

  /** At least `bytes` of scratch memory; it is kept from call to call and only grows. */
  private scratchOf(bytes: number): number {
    if (bytes > this.scratch.bytes) {
      this.scratch.free();
      this.scratch = new HeapBlock(this.backend, bytes);
    }
    return this.scratch.offset;
  }
}
