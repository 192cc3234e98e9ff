/**
 * The flags of the tasks that compute: which kernels, and on how many threads.
 *
 * @module
 */
import { Option } from "@commander-js/extra-typings";
import { type BackendInfo, startBackend } from "../kernels/backend.ts";
import { newCommand, wholeNumber } from "./command.ts";
import type { Progress } from "../progress.ts";

/** More threads than any machine has that this runs on. */
const MAX_THREADS = 256;

/**
 * A command with the flags of `newCommand`, and `--threads` and `--kernels`.
 *
 * @param name As it is typed: `deno task <name>`.
 * @param description What the command does, for its help.
 */
export function newComputeCommand(name: string, description: string) {
  return newCommand(name, description)
    .option("--threads <count>", "threads that compute (default: one per core)", wholeNumber(1, MAX_THREADS))
    .addOption(
      new Option("--kernels <kind>", "our kernels, or those that TensorFlow.js comes with")
        .choices(["fast", "stock"] as const).default("fast" as const),
    );
}

/**
 * Starts the backend as the flags say.
 *
 * @param options What was typed.
 * @param progress Told when fewer threads serve than were asked for.
 */
export async function startBackendFor(
  options: { threads?: number | undefined; kernels: "fast" | "stock" },
  progress: Progress,
): Promise<BackendInfo> {
  const threads = options.threads ?? (options.kernels === "stock" ? 1 : navigator.hardwareConcurrency);
  const backend = await startBackend({ kernels: options.kernels, threads });
  if (backend.threadsNote !== undefined) progress.log(`on one thread: ${backend.threadsNote}`);
  return backend;
}
