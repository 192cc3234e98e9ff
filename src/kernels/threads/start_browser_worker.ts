/**
 * A worker of the browser's as the pool knows it.
 *
 * @module
 */
/// <reference lib="dom" />
import type { PoolWorker } from "./pool.ts";
import type { WorkerStart } from "./serve.ts";

/** Hands a fresh worker what it serves. */
export function startBrowserWorker(worker: Worker, start: WorkerStart): PoolWorker {
  const ended = new Promise<string>((resolve) => {
    worker.onerror = (event) => resolve(event.message || "its script cannot be loaded");
  });
  worker.postMessage(start);
  return {
    ended,
    unref: () => {},
    terminate: () => {
      worker.terminate();
      return Promise.resolve();
    },
  };
}
