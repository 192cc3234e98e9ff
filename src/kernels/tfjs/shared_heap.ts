/**
 * Starts the wasm backend of TensorFlow.js 4.22.0 on a shared heap, in Deno.
 *
 * The backend's threaded build has its heap in a SharedArrayBuffer, which is what our own workers need, and eight workers
 * of its own, which it starts from the text of a classic script and which Deno cannot run. So while it initializes,
 * it is given a class of workers that do nothing but say that they are loaded. It is told to use one thread, and
 * never asks them for anything else: the stock kernels run on the main thread, as they do in the build without threads.
 *
 * @module
 */
import os from "node:os";
import * as tf from "@tensorflow/tfjs";

/** What the backend's initialization is shown in the place of a worker of `node:worker_threads`. */
class IdleWorker {
  onmessage?: (event: { data: { cmd: "loaded" } }) => void;
  postMessage(message: { cmd: string }): void {
    if (message.cmd === "load") queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }));
  }
  on(): void {}
  unref(): void {}
  terminate(): void {}
}

/**
 * Calls `initialize`, which must start the wasm backend, such that the backend takes its threaded build.
 * What is replaced meanwhile is put back.
 */
export async function withSharedHeap<T>(initialize: () => Promise<T>): Promise<T> {
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", true);
  const worker = Object.getOwnPropertyDescriptor(globalThis, "Worker");
  const { cpus } = os;
  // The backend assigns the class of node:worker_threads to the global name; this setter ignores it.
  Object.defineProperty(globalThis, "Worker", { get: () => IdleWorker, set() {}, configurable: true });
  // It also counts the processors, which would need --allow-sys=cpus, and makes no use of the number.
  os.cpus = () => Array(1);
  try {
    return await initialize();
  } finally {
    os.cpus = cpus;
    // Node.js has none.
    if (worker === undefined) Reflect.deleteProperty(globalThis, "Worker");
    else Object.defineProperty(globalThis, "Worker", worker);
  }
}
