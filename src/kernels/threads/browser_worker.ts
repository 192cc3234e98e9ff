/// <reference lib="webworker" />
/**
 * The entry file of a worker thread in a browser; it is bundled for itself.
 *
 * @module
 */
import { serve, type WorkerStart } from "./serve.ts";

addEventListener("message", ({ data }: MessageEvent<WorkerStart>) => serve(data), { once: true });
