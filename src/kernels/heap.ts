/**
 * The memory that kernels work in, as launch code sees it: a WebAssembly.Memory, an allocator, and where arrays lie. Whose
 * memory it is, launch code does not know: TensorFlow.js's (`tfjs/backend_heap.ts`) or the runtime's own.
 *
 * A typed view of the memory dies when it grows, and any allocation may grow it: take views afresh, after the last
 * allocation, and keep none.
 *
 * @module
 */
import { WorkError } from "../errors.ts";

/** Memory with an allocator. */
export interface Heap {
  /** A module that imports it works on arrays in place. */
  readonly memory: WebAssembly.Memory;
  /**
   * Takes memory; it may grow.
   *
   * @returns byte offset, never 0: to a kernel that is "none".
   * @throws {WorkError} when there is not so much.
   */
  allocate(bytes: number): number;
  /** Gives back what {@link Heap.allocate} took. */
  free(offset: number): void;
  /**
   * Byte offset of an array's first element.
   *
   * @param id {@link ArrayView.dataId}.
   * @throws {Error} when no such array is in the heap.
   */
  addressOf(id: object): number;
}

/** An array of float32 in the heap. A tensor of TensorFlow.js is one as it is. */
export interface ArrayView {
  /** By which the heap knows where it lies. */
  readonly dataId: object;
  readonly shape: readonly number[];
}

/** A four-dimensional shape. */
export type Shape4D = [number, number, number, number];

/** How many numbers are in a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** What 32-bit addresses reach, in bytes. */
const ADDRESSABLE_BYTES = 2 ** 32;
const GIB = 2 ** 30;

/**
 * Takes memory from an allocator that knows no errors: one that answers 0 when it is full, and takes a size modulo 4 GiB.
 *
 * @param take Answers with a byte offset, perhaps as a signed number.
 * @throws {WorkError} at once, when the size is not one that 32-bit addresses reach, or the allocator is full.
 */
export function allocateOrThrow(bytes: number, take: (bytes: number) => number): number {
  if (!(bytes >= 0 && bytes < ADDRESSABLE_BYTES)) throw outOfMemory(bytes);
  let offset = 0;
  try {
    // `>>> 0` since an allocator in WebAssembly returns a signed number, negative above 2 GiB.
    offset = take(bytes) >>> 0;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // That a memory cannot grow.
  }
  if (offset === 0 || offset + bytes > ADDRESSABLE_BYTES) throw outOfMemory(bytes);
  return offset;
}

/** That there are not so many bytes. */
export function outOfMemory(bytes: number): WorkError {
  const wanted = Number.isFinite(bytes) && bytes >= 0
    ? `${bytes} bytes (${(bytes / GIB).toFixed(2)} GiB)`
    : `${bytes} bytes`;
  return new WorkError(
    `Cannot take ${wanted} from the heap of the kernels: there is not so much left, and it ends at 4 GiB`,
    "Try a smaller batch, smaller images, or fewer threads",
  );
}

/** Sets all elements of an array to zero. */
export function clearArray(heap: Heap, { dataId, shape }: ArrayView): void {
  new Float32Array(heap.memory.buffer, heap.addressOf(dataId), sizeOf(shape)).fill(0);
}

/** Whether other threads can work on this memory. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return !(memory.buffer instanceof ArrayBuffer);
}

/** Cache lines are this long on every machine of interest, in bytes. */
const CACHE_LINE = 64;

/** A piece of the heap that is no array, aligned to a cache line. It is not collected: call {@link HeapBlock.free}. */
export class HeapBlock {
  /** Byte offset of the first usable byte, a multiple of 64. */
  readonly offset: number;
  private readonly start: number;
  private freed = false;

  /**
   * Takes `bytes` from the allocator that also serves the arrays, so that nothing collides. The heap may grow.
   *
   * @throws {WorkError} when the heap cannot grow that far.
   */
  constructor(private readonly heap: Heap, readonly bytes: number) {
    this.start = heap.allocate(bytes + CACHE_LINE);
    this.offset = Math.ceil(this.start / CACHE_LINE) * CACHE_LINE;
  }

  /** Gives the memory back. A second call does nothing. */
  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.heap.free(this.start);
  }
}
