/**
 * The one file that knows the inside of the TensorFlow.js wasm backend (4.22.0, frozen upstream): where a tensor lies in
 * the heap, how memory is taken and given back, and which WebAssembly.Memory a kernel module must import to work on
 * tensors in place. Everything else in `kernels/` speaks of byte offsets.
 *
 * A typed view of the heap dies when the heap grows, and any allocation may grow it: take views afresh, after the last
 * allocation, and keep none.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** A tensor as kernels see it: its data, its shape and its type, with no methods. */
export type TensorInfo = tf.TensorInfo;

/** What the backend keeps about one tensor's data. */
interface TensorData {
  readonly memoryOffset: number | null;
  readonly shape: number[];
  readonly dtype: tf.DataType;
  refCount: number;
}

/** The parts of Emscripten's module that are used here. */
interface EmscriptenModule {
  readonly HEAPU8: Uint8Array;
  readonly asm: { readonly memory: WebAssembly.Memory };
  readonly wasmMemory?: WebAssembly.Memory;
  _malloc(bytes: number): number;
  _free(offset: number): void;
}

/** The parts of `BackendWasm` that are used here. The package exports the class without its members' types. */
export interface WasmBackend {
  readonly wasm: EmscriptenModule;
  readonly dataIdMap: { get: (dataId: object) => TensorData | undefined };
  makeOutput(shape: number[], dtype: tf.DataType): TensorInfo;
  disposeData: (dataId: object, force?: boolean) => boolean;
  incRef(dataId: object): void;
}

/**
 * The wasm backend, which must be ready.
 *
 * @throws {Error} when another backend is active, or none.
 */
export function wasmBackend(): WasmBackend {
  const name = tf.getBackend();
  if (name !== "wasm") {
    throw new Error(
      `Cannot reach the wasm heap as the active backend is ${name ?? "none"}: call startBackend()`,
    );
  }
  return tf.backend() as unknown as WasmBackend;
}

/** The heap's memory. A module that imports it works on tensors in place. */
export function heapMemory(backend: WasmBackend): WebAssembly.Memory {
  return backend.wasm.wasmMemory ?? backend.wasm.asm.memory;
}

/** Whether other threads can work on this memory. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return !(memory.buffer instanceof ArrayBuffer);
}

/** Size of the whole heap in bytes; it grows by demand and never shrinks. */
export function heapBytes(): number {
  return heapMemory(wasmBackend()).buffer.byteLength;
}

/**
 * Byte offset of a tensor's first element in the heap. Multiples of 8, not always of 16.
 *
 * @throws {Error} when the tensor is disposed, or has no memory of its own (strings).
 */
export function byteOffset(backend: WasmBackend, tensor: TensorInfo): number {
  const offset = backend.dataIdMap.get(tensor.dataId)?.memoryOffset;
  if (offset == null) {
    throw new Error(
      `Cannot find the tensor of shape [${tensor.shape}] in the heap: disposed, or not numeric`,
    );
  }
  return offset;
}

/** A fresh float32 tensor in the heap; its content is whatever lay there. */
export function allocateTensor(backend: WasmBackend, shape: readonly number[]): TensorInfo {
  return backend.makeOutput([...shape], "float32");
}

/**
 * Calls `listener` with the data id of every tensor whose memory the backend gives back from now on.
 *
 * @returns a function that ends it.
 */
export function onDispose(backend: WasmBackend, listener: (dataId: object) => void): () => void {
  return aroundDispose(backend, (dataId, dispose) => {
    const gone = dispose();
    if (gone) listener(dataId);
    return gone;
  });
}

/**
 * Lets `around` stand between the engine and the backend's disposal of data. `dispose` does it, and says whether the
 * memory is given back; it is not when other tensors share it.
 *
 * @returns a function that ends it. What was put around first must end last.
 */
export function aroundDispose(
  backend: WasmBackend,
  around: (dataId: object, dispose: () => boolean) => boolean,
): () => void {
  const original = backend.disposeData;
  backend.disposeData = (dataId, force) => around(dataId, () => original.call(backend, dataId, force));
  return () => backend.disposeData = original;
}

/**
 * Calls `listener` with a data id whenever anybody is about to use that data: to read it, to find it in the heap, to share
 * it, or to dispose it.
 *
 * @returns a function that ends it.
 */
export function beforeAccess(backend: WasmBackend, listener: (dataId: object) => void): () => void {
  const { dataIdMap } = backend;
  const original = dataIdMap.get;
  dataIdMap.get = (dataId) => {
    listener(dataId);
    return original.call(dataIdMap, dataId);
  };
  return () => dataIdMap.get = original;
}

/** Sets all elements of a float32 tensor to zero. */
export function clearTensor(backend: WasmBackend, tensor: TensorInfo): void {
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  new Float32Array(heapMemory(backend).buffer, byteOffset(backend, tensor), count).fill(0);
}

/** Cache lines are this long on every machine of interest, in bytes. */
const CACHE_LINE = 64;

/** A piece of the heap that is no tensor, aligned to a cache line. It is not collected: call {@link HeapBlock.free}. */
export class HeapBlock {
  /** Byte offset of the first usable byte, a multiple of 64. */
  readonly offset: number;
  private readonly start: number;
  private freed = false;

  /**
   * Takes `bytes` from the allocator that also serves the tensors, so that nothing collides. The heap may grow.
   *
   * @throws {Error} when the heap cannot grow that far.
   */
  constructor(private readonly backend: WasmBackend, readonly bytes: number) {
    // `>>> 0` since the allocator returns a signed number, negative above 2 GiB.
    this.start = backend.wasm._malloc(bytes + CACHE_LINE) >>> 0;
    if (this.start === 0) throw new Error(`Cannot take ${bytes} bytes from the wasm heap: it is full`);
    this.offset = Math.ceil(this.start / CACHE_LINE) * CACHE_LINE;
  }

  /** Gives the memory back. A second call does nothing. */
  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.backend.wasm._free(this.start);
  }
}
