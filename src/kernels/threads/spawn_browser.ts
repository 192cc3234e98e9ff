/// <reference lib="dom" />
/**
 * Stands in for `spawn.ts` where the package is bundled for browsers: workers of the browser. Bundlers find the worker's
 * entry by this very expression, and in the package it is compiled.
 *
 * @module
 */
import type { PoolWorker } from "./pool.ts";
import type { WorkerStart } from "./serve.ts";

/** Starts a worker. */
export function spawnWorker(start: WorkerStart): PoolWorker {
  const worker = new Worker(new URL("./browser_worker.js", import.meta.url), { type: "module" });
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
