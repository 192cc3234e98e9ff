/**
 * A heap of its own for the compiled kernels, in the words of the wasm backend's: so the code that fills in their
 * descriptors serves without TensorFlow.js as it is. Memory is handed out from the front and never given back one by one;
 * a network knows what it needs before it runs (`network.ts`).
 *
 * @module
 */
import type { TensorInfo, WasmBackend } from "../kernels/heap.ts";

/** Bytes of a page of WebAssembly memory. */
const PAGE_BYTES = 65536;
/** The compiled kernels declare this many pages; see `INITIAL_PAGES` in `kernels/build.ts`. */
const INITIAL_PAGES = 256;
/** Everything starts at a cache line, and vector loads may run past the end of a tensor by less than this. In bytes. */
const ALIGNMENT = 64;

/** A region of the heap under a name, in the form of a tensor. */
export type HeapTensor = TensorInfo;

/** Memory with a bump allocator. */
export class StandaloneHeap implements WasmBackend {
  readonly memory = new WebAssembly.Memory({ initial: INITIAL_PAGES });
  readonly wasm: WasmBackend["wasm"];
  private readonly offsets = new Map<object, number>();
  // Offset 0 means "none" to the kernels.
  private end = ALIGNMENT;

  /** An empty heap of 16 MiB, which grows on demand. */
  constructor() {
    const { memory } = this;
    this.wasm = {
      get HEAPU8() {
        return new Uint8Array(memory.buffer);
      },
      asm: { memory },
      _malloc: (bytes) => this.allocate(bytes),
      _free: () => {},
    };
  }

  /** Where a tensor lies, as the backend's own map says it. */
  readonly dataIdMap = {
    get: (dataId: object) => {
      const memoryOffset = this.offsets.get(dataId);
      return memoryOffset === undefined
        ? undefined
        : { memoryOffset, shape: [], dtype: "float32" as const, refCount: 1 };
    },
  };

  /** Takes memory; it may grow, so that typed views of it die. */
  allocate(bytes: number): number {
    const offset = this.end;
    this.end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT + ALIGNMENT;
    const missing = this.end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    return offset;
  }

  /** A tensor over memory that was taken before. */
  tensorAt(offset: number, shape: readonly number[]): HeapTensor {
    const dataId = {};
    this.offsets.set(dataId, offset);
    return { dataId, shape: [...shape], dtype: "float32" };
  }

  /** A view of floats; it dies when memory is taken. */
  view(offset: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, offset, count);
  }

  /** A fresh tensor, for code that makes its own outputs. */
  makeOutput(shape: number[]): TensorInfo {
    const count = shape.reduce((product, length) => product * length, 1);
    return this.tensorAt(this.allocate(count * Float32Array.BYTES_PER_ELEMENT), shape);
  }

  /** Forgets where a tensor lies. */
  disposeData = (dataId: object): boolean => this.offsets.delete(dataId);

  /** Tensors here are not counted. */
  incRef(): void {}
}
