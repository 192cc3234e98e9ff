/**
 * Where a run happened: versions and machine, for `environment.json` and the head of a benchmark.
 *
 * @module
 */
import { availableParallelism, cpus } from "node:os";
import process from "node:process";
import { version as tfjsVersion } from "@tensorflow/tfjs";
import type { BackendInfo } from "../kernels/tfjs/backend.ts";

/** The content of `environment.json`. */
export interface Environment {
  /** What ran it: "Deno 2.9.6". */
  readonly runtime: string;
  readonly v8: string;
  readonly tfjs: string;
  /** Operating system and processor family: "linux x64". */
  readonly platform: string;
  /** Name of the processor. */
  readonly processor: string;
  /** Logical processors. */
  readonly cores: number;
  readonly backend: BackendInfo;
  /** When the run started, ISO 8601. */
  readonly startedAt: string;
}

/**
 * Describes this machine.
 *
 * @param backend What `startBackend` returned.
 * @param now The time.
 */
export function describeEnvironment(backend: BackendInfo, now: Date): Environment {
  return {
    runtime: runtimeName(),
    v8: process.versions.v8,
    tfjs: tfjsVersion["tfjs-core"] ?? "unknown",
    platform: `${process.platform} ${process.arch}`,
    processor: processorName(),
    cores: availableParallelism(),
    backend,
    startedAt: now.toISOString(),
  };
}

function runtimeName(): string {
  const { deno, node } = process.versions as { deno?: string; node: string };
  return deno === undefined ? `Node.js ${node}` : `Deno ${deno}`;
}

/** The name of the first processor; "unknown" where the task may not ask (`--allow-sys=cpus`). */
function processorName(): string {
  try {
    return cpus()[0]?.model.trim() ?? "unknown";
  } catch {
    return "unknown";
  }
}
