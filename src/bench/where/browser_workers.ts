/// <reference lib="dom" />
/**
 * Stands in for Deno's workers when a contest is bundled: workers of the browser, which run a script that calls `serve` of
 * `kernels/threads/` with what they are sent.
 *
 * @module
 */
import type { PoolWorker } from "../../kernels/threads/pool.ts";
import type { WorkerStart } from "../../kernels/threads/serve.ts";
import { startBrowserWorker } from "../../kernels/threads/start_browser_worker.ts";

let script: string | undefined;

/** Says where the script of the workers is. */
export function provideWorkerScript(url: string): void {
  script = url;
}

/** Starts a worker of the browser's. */
export function spawnWorker(start: WorkerStart): PoolWorker {
  if (script === undefined) throw new Error("This contest has no script for threads");
  const worker = new Worker(script, { type: "module" });
  return startBrowserWorker(worker, start);
}
