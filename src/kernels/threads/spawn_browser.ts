/// <reference lib="dom" />
/**
 * Stands in for `spawn.ts` where the package is bundled for browsers: workers of the browser. Bundlers find the worker's
 * entry by this very expression, and in the package it is compiled.
 *
 * @module
 */
import type { PoolWorker } from "./pool.ts";
import type { WorkerStart } from "./serve.ts";
import { startBrowserWorker } from "./start_browser_worker.ts";

/** Starts a worker. */
export function spawnWorker(start: WorkerStart): PoolWorker {
  const worker = new Worker(new URL("./browser_worker.js", import.meta.url), { type: "module" });
  return startBrowserWorker(worker, start);
}
