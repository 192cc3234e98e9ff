/**
 * The machine's peak for 128-bit vectors, measured with `assembly/peak.as`: what GFLOP/s are held against.
 *
 * @module
 */
import { createKernelContext } from "../../src/kernels/tfjs/install.ts";
import { detectInstructionSet } from "../../src/kernels/instruction_set.ts";

/** Steps of a unit and multiply-adds of a step, as in `peak.as`; two operations each, in four lanes. */
const UNIT_FLOP = 1024 * 12 * 2 * 4;
const UNITS = 64;
const PEAK_FLOP = UNITS * UNIT_FLOP;
const SCRATCH_BYTES = 16;
const PEAK_MS = 500;

/** GFLOP/s of one thread that multiplies and adds from registers; NaN without 128-bit vectors. */
export async function measurePeak(): Promise<number> {
  const instructionSet = detectInstructionSet();
  if (instructionSet === "none") return NaN;
  const context = await createKernelContext(instructionSet);
  const work = { kernel: "peak", words: [], units: UNITS, scratchBytes: SCRATCH_BYTES } as const;
  let best = Infinity;
  // Until the optimizing compiler has done its work, and a while longer.
  for (const begun = performance.now(); performance.now() - begun < PEAK_MS;) {
    const start = performance.now();
    context.dispatcher.run(work);
    best = Math.min(best, performance.now() - start);
  }
  context.dispose();
  return PEAK_FLOP / best / 1e6;
}
