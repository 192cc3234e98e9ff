/**
 * What is kept of a fusion: what was done, to what, and the proof that nothing changed.
 *
 * @module
 */
import type { FusionReport } from "../fuse/report.ts";
import type { FusionProof } from "../proof/equivalence.ts";

/** The content of `fusion.json`. */
export interface FusionRecord extends FusionReport {
  /** The run directory or the model.json that was fused. */
  readonly source: string;
  /** Hash of the BN snapshot that was folded in. */
  readonly snapshotHash: string;
  readonly proof: FusionProof;
}

/** A record as it was read; nothing where there is none, or an older version wrote it, whose proof held other bars. */
export function currentRecord(value: unknown): FusionRecord | undefined {
  const record = value as FusionRecord | undefined;
  const verdicts = record?.proof?.outputs;
  return Array.isArray(verdicts) && verdicts.every(({ allowed }) => typeof allowed === "number")
    ? record
    : undefined;
}
