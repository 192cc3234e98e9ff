/**
 * Starts workers in Deno and Node.js. They are those of `node:worker_threads`, since only these can be unreferenced, so that a
 * program with idle workers ends when its own work does. They run one file of this folder and need no permission but
 * `--allow-read`: their environment is empty, since Deno would ask the person for the whole of `process.env` to copy it.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { PoolWorker } from "./pool.ts";
import type { WorkerStart } from "./serve.ts";

/** The entry file of a worker, which hands its `workerData` to `serve`. It is compiled wherever this file is. */
const ENTRY = new URL(`./node_worker${import.meta.url.match(/\.[jt]s$/)?.[0]}`, import.meta.url);

/** Starts a worker. */
export function spawnWorker(start: WorkerStart, entry: URL = ENTRY): PoolWorker {
  const worker = new Worker(entry, { workerData: start, env: {} });
  const ended = new Promise<string>((resolve) => {
    worker.on("error", (error: unknown) => resolve(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code: number) => resolve(`it ended with code ${code}`));
  });
  return {
    ended,
    unref: () => worker.unref(),
    terminate() {
      worker.ref();
      return worker.terminate();
    },
  };
}
