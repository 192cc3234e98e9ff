/**
 * The compiled kernels as a script carries them, and what computes with them on the machine where it runs.
 *
 * @module
 */
import { detectInstructionSet } from "../../kernels/instruction_set.ts";
import type { RuntimeOptions } from "../../runtime/plan.ts";
import type { Engine } from "./api.ts";
import { inflate } from "./read.ts";

/** Compiled kernels: deflated, in base64. */
export type EmbeddedKernels = Readonly<Record<Exclude<Engine, "javascript">, string>>;

/** The best that this machine has: plain JavaScript where there are no 128-bit vectors. */
export function bestEngine(): Engine {
  const best = detectInstructionSet();
  return best === "none" ? "javascript" : best;
}

/** What plans are compiled with. */
export async function runtimeOptions(engine: Engine, kernels: EmbeddedKernels): Promise<RuntimeOptions> {
  if (engine === "javascript") return { kernels: engine };
  return { kernels: await WebAssembly.compile(await inflate(kernels[engine])) };
}
