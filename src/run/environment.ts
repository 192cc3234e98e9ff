/**
 * Where a run happened: versions and machine, for `environment.json` and the head of a benchmark.
 *
 * @module
 */
import { cpus } from "node:os";
import { version as tfjsVersion } from "@tensorflow/tfjs";
import type { BackendInfo } from "../kernels/backend.ts";

/** The content of `environment.json`. */
export interface Environment {
  readonly deno: string;
  readonly v8: string;
  readonly tfjs: string;
  /** Operating system and processor family: "linux x86_64". */
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
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    tfjs: tfjsVersion["tfjs-core"] ?? "unknown",
    platform: `${Deno.build.os} ${Deno.build.arch}`,
    processor: processorName(),
    cores: navigator.hardwareConcurrency,
    backend,
    startedAt: now.toISOString(),
  };
}

/** The name of the first processor; "unknown" where the task may not ask (`--allow-sys=cpus`). */
function processorName(): string {
  try {
    return cpus()[0]?.model.trim() ?? "unknown";
  } catch {
    return "unknown";
  }
}
