/**
 * The machine's peak for 128-bit vectors, measured with `assembly/peak.as`: what GFLOP/s are held against.
 *
 * @module
 */
import type { Dispatcher } from "../dispatch.ts";

/** Steps of a unit and multiply-adds of a step, as in `peak.as`; two operations each, in four lanes. */
const UNIT_FLOP = 1024 * 12 * 2 * 4;
const UNITS = 64;
const SCRATCH_BYTES = 16;

/** Floating-point operations of one {@link runPeak}. */
export const PEAK_FLOP = UNITS * UNIT_FLOP;

/** Multiplies and adds at full speed for a moment. */
export function runPeak(dispatcher: Dispatcher): void {
  dispatcher.run({ kernel: "peak", fields: [], units: UNITS, scratchBytes: SCRATCH_BYTES });
}
