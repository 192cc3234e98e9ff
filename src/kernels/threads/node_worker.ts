/**
 * The entry file of a worker in Deno and Node.js.
 *
 * @module
 */
import { workerData } from "node:worker_threads";
import { serve, type WorkerStart } from "./serve.ts";

serve(workerData as WorkerStart);
