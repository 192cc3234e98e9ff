/**
 * The one file that knows the inside of the TensorFlow.js wasm backend (4.22.0, frozen upstream): where a tensor lies in
 * the heap, how memory is taken and given back, and which WebAssembly.Memory a kernel module must import to work on
 * tensors in place. To launch code the backend is a {@link Heap}.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { allocateOrThrow, type Heap } from "../heap.ts";

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
  readonly asm: { readonly memory: WebAssembly.Memory };
  readonly wasmMemory?: WebAssembly.Memory;
  _malloc: (bytes: number) => number;
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

/** The backend's memory as a heap; tensors are arrays in it. */
export function heapOf(backend: WasmBackend): Heap {
  const { wasm } = backend;
  return {
    memory: heapMemory(backend),
    allocate: (bytes) => allocateOrThrow(bytes, wasm._malloc),
    free: (offset) => wasm._free(offset),
    addressOf(dataId) {
      const offset = backend.dataIdMap.get(dataId)?.memoryOffset;
      if (offset == null) throw new Error("Cannot find a tensor in the heap: it is disposed, or not numeric");
      return offset;
    },
  };
}

/**
 * Lets every allocation that TensorFlow.js itself makes for a tensor end in an error where its allocator would wrap around
 * (4 GiB and 96 KiB are 96 KiB to it) or answer 0. A second call does nothing.
 */
export function guardAllocations({ wasm }: Pick<WasmBackend, "wasm">): void {
  if (GUARDED.has(wasm)) return;
  GUARDED.add(wasm);
  let take = wasm._malloc;
  const guarded = (bytes: number) => allocateOrThrow(bytes, take);
  // Emscripten puts another function into this place at the first call.
  Object.defineProperty(wasm, "_malloc", { get: () => guarded, set: (next) => take = next });
}

const GUARDED = new WeakSet<object>();

/** The heap's memory. A module that imports it works on tensors in place. */
export function heapMemory(backend: WasmBackend): WebAssembly.Memory {
  return backend.wasm.wasmMemory ?? backend.wasm.asm.memory;
}

/** Size of the whole heap in bytes; it grows by demand and never shrinks. */
export function heapBytes(): number {
  return heapMemory(wasmBackend()).buffer.byteLength;
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
