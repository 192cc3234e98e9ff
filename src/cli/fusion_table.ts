/**
 * What `repfuse fuse` prints: the cost before and after, the regions, and the proof.
 *
 * @module
 */
import { COST_COLUMNS, costRows } from "../text/cost_rows.ts";
import { largest } from "../proof/equivalence.ts";
import type { FusionRecord } from "../classify/fusion_record.ts";
import { formatCount, formatDifference } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";

/** Cost of the network in both forms. */
export function renderCosts(
  { before, after }: Pick<FusionRecord, "before" | "after">,
  width?: number,
): string {
  return renderTable([...COST_COLUMNS], costRows(before, after), { width });
}

/** Every region that merged: its kernel, what float32 rounding cost, and how far the two forms are apart there. */
export function renderRegions(record: FusionRecord, width?: number): string {
  const differences = new Map(record.proof.regions.map((difference) => [difference.name, difference]));
  return renderTable(
    [
      "region",
      { title: "layers", dispensable: 2 },
      "kernel",
      { title: "stride", dispensable: 3 },
      { title: "rounding", dispensable: 1 },
      "border",
      "interior",
    ],
    record.regions.map((region) => {
      const difference = differences.get(region.name);
      return [
        region.name,
        region.layers.length,
        region.kernelShape.join("x"),
        region.strides[0],
        formatDifference(region.roundingError),
        difference === undefined ? "-" : formatDifference(difference.border),
        difference === undefined ? "-" : formatDifference(difference.interior),
      ];
    }),
    { width },
  );
}

/** The proof in a few lines. */
export function renderProof({ proof, snapshotHash }: FusionRecord): string {
  const nearest = proof.regions.toSorted((a, b) => largest(b) / b.allowed - largest(a) / a.allowed)[0];
  const layers = nearest === undefined
    ? ""
    : `single layers by ${formatDifference(largest(nearest))} (allowed: ${
      formatDifference(nearest.allowed)
    }); `;
  return `proof: ${formatCount(proof.images, "image")}, outputs differ by at most ${
    formatDifference(proof.maxRelativeDifference)
  } of their scale (allowed: ${formatDifference(proof.tolerance)}),\n` +
    `       ${layers}${formatCount(proof.changedPredictions, "prediction")} changed; ` +
    `BN snapshot ${snapshotHash.slice(0, 12)}${renderRounding(proof)}`;
}

/** Rounding of the training form that is worth a word, relative to the scale of an output. */
const LARGE_ROUNDING = 1e-3;

/** What a person must know of a network that carries rounding on, fused or not. */
function renderRounding({ outputs }: FusionRecord["proof"]): string {
  const rounding = Math.max(0, ...outputs.map((output) => output.rounding?.training ?? 0));
  if (rounding < LARGE_ROUNDING) return "";
  return `\n       This network carries float32's rounding on: its training form itself is ${
    formatDifference(rounding)
  } of the scale\n       away from float64 on the image where the forms differ most.`;
}
