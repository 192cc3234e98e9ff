/**
 * The flags of the tasks that compute: which kernels, and on how many threads.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { Option } from "@commander-js/extra-typings";
import type { ClassifierEngines } from "../classify/open_network.ts";
import { detectInstructionSet } from "../kernels/instruction_set.ts";
import type { BackendInfo, BackendOptions } from "../kernels/tfjs/backend.ts";
import { threadsObstacle } from "../kernels/threads/obstacle.ts";
import { openRuntime } from "../runtime/machine.ts";
import { newCommand, wholeNumber } from "./command.ts";
import type { Progress } from "../progress.ts";

/** More threads than any machine has that this runs on. */
const MAX_THREADS = 256;

/** Our kernels as fast as the machine can, ours without relaxed SIMD (the same everywhere), or those of TensorFlow.js. */
const KERNELS = ["fast", "simd", "stock"] as const;

/** What the flags say. */
export interface BackendFlags {
  readonly threads?: number | undefined;
  readonly kernels: typeof KERNELS[number];
}

/**
 * A command with the flags of `newCommand`, and `--threads` and `--kernels`.
 *
 * @param name As it is typed: `repfuse <name>`.
 * @param description What the command does, in one line.
 */
export function newComputeCommand(name: string, description: string) {
  return newCommand(name, description)
    .option(
      "--threads <count>",
      `threads that compute (default: one per core, ${availableParallelism()} here)`,
      wholeNumber(1, MAX_THREADS),
    )
    .addOption(
      new Option(
        "--kernels <kind>",
        "fast: the best that the machine has; simd: without relaxed SIMD; stock: those of TensorFlow.js",
      ).choices(KERNELS).default("fast" as const),
    );
}

/**
 * What runs the networks that are evaluated or asked, as the flags say. Stock kernels are those of TensorFlow.js, which then
 * runs all.
 *
 * @param progress Told when fewer threads serve than were asked for.
 */
export function enginesFor(flags: BackendFlags, progress: Progress): ClassifierEngines {
  const startTfjs = () => startBackendFor(flags, progress);
  const instructionSet = flags.kernels === "simd" ? "simd" : detectInstructionSet();
  if (flags.kernels === "stock" || detectInstructionSet() === "none") return { startTfjs };
  return {
    startTfjs,
    runtime() {
      const threads = flags.threads ?? availableParallelism();
      const obstacle = threads > 1 ? threadsObstacle() : undefined;
      if (obstacle !== undefined) progress.log(`on one thread: ${obstacle}`);
      return openRuntime({ instructionSet, threads });
    },
  };
}

/** The same as the backend takes it, before it is started. */
export function backendOptionsFor({ kernels, threads }: BackendFlags): BackendOptions {
  return {
    kernels: kernels === "stock" ? "stock" : "fast",
    threads: threads ?? (kernels === "stock" ? 1 : availableParallelism()),
    ...(kernels === "simd" ? { instructionSet: "simd" } : {}),
  };
}

/**
 * Starts the backend as the flags say.
 *
 * @param flags What was typed.
 * @param progress Told when fewer threads serve than were asked for.
 */
export async function startBackendFor(flags: BackendFlags, progress: Progress): Promise<BackendInfo> {
  const { startBackend } = await import("../kernels/tfjs/backend.ts");
  const backend = await startBackend(backendOptionsFor(flags));
  if (backend.threadsNote !== undefined) progress.log(`on one thread: ${backend.threadsNote}`);
  return backend;
}
