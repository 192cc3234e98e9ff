/**
 * A heap of the runtime's own. Memory is handed out from the front and never given back one by one: a network knows what it
 * needs before it runs.
 *
 * @module
 */
import { sizeOf } from "../graph/graph.ts";
import { allocateOrThrow, type ArrayView, type Heap } from "../kernels/heap.ts";

/** Bytes of a page of WebAssembly memory. */
const PAGE_BYTES = 65536;
/** The compiled kernels declare this many pages; see `INITIAL_PAGES` in `kernels/build.ts`. */
const INITIAL_PAGES = 256;
/** As many as 32-bit addresses reach; what shared kernels declare. */
const MAXIMUM_PAGES = 65536;
/** Everything starts at a cache line, and vector loads may run past the end of an array by less than this. In bytes. */
const ALIGNMENT = 64;

/** Memory with a bump allocator. */
export class OwnHeap implements Heap {
  readonly memory: WebAssembly.Memory;
  private readonly offsets = new WeakMap<object, number>();
  // Offset 0 means "none" to the kernels.
  private end = ALIGNMENT;

  /** An empty heap of 16 MiB, which grows on demand. */
  constructor(shared = false) {
    this.memory = new WebAssembly.Memory({
      initial: INITIAL_PAGES,
      ...(shared ? { shared, maximum: MAXIMUM_PAGES } : {}),
    });
  }

  /** How many bytes are taken. */
  get takenBytes(): number {
    return this.end;
  }

  /** Takes memory; it may grow, so that typed views of it die. */
  allocate(bytes: number): number {
    return allocateOrThrow(bytes, () => {
      const offset = this.end;
      const end = offset + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT + ALIGNMENT;
      const missing = end - this.memory.buffer.byteLength;
      if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.end = end;
      return offset;
    });
  }

  /** Nothing is given back before the whole heap is. */
  free(): void {}

  /** Where an array lies. */
  addressOf(id: object): number {
    const offset = this.offsets.get(id);
    if (offset === undefined) throw new Error("Cannot find an array in the heap: it is another heap's");
    return offset;
  }

  /** An array over memory that was taken before. */
  arrayAt(offset: number, shape: readonly number[]): ArrayView {
    const dataId = {};
    this.offsets.set(dataId, offset);
    return { dataId, shape };
  }

  /** A fresh array. */
  array(shape: readonly number[]): ArrayView {
    return this.arrayAt(this.allocate(sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT), shape);
  }

  /** A view of floats; it dies when memory is taken. */
  view(offset: number, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer as ArrayBuffer, offset, count);
  }
}
