/**
 * The compiled kernels as a script carries them, and what computes with them on the machine where it runs.
 *
 * @module
 */
import { detectInstructionSet } from "../../kernels/instruction_set.ts";
import type { RuntimeOptions } from "../../runtime/plan.ts";
import type { Engine } from "./api.ts";
import { inflate } from "./read.ts";

/** Compiled kernels for both kinds of machines, deflated together: one is nearly the other, and takes a tenth beside it. */
export interface EmbeddedKernels {
  /** Those for relaxed SIMD, then those without: deflated, in base64. */
  readonly deflated: string;
  /** Bytes of the first. */
  readonly first: number;
}

/** The best that this machine has: plain JavaScript where there are no 128-bit vectors. */
export function bestEngine(): Engine {
  const best = detectInstructionSet();
  return best === "none" ? "javascript" : best;
}

/** The kernels for one kind of machine. */
export async function unpackKernels(
  engine: Exclude<Engine, "javascript">,
  { deflated, first }: EmbeddedKernels,
): Promise<ArrayBuffer> {
  const both = await inflate(deflated);
  return engine === "simd" ? both.slice(first) : both.slice(0, first);
}

/** What plans are compiled with. */
export async function runtimeOptions(engine: Engine, kernels: EmbeddedKernels): Promise<RuntimeOptions> {
  if (engine === "javascript") return { kernels: engine };
  return { kernels: await WebAssembly.compile(await unpackKernels(engine, kernels)) };
}
