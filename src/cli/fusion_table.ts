/**
 * What `deno task fuse` prints: the cost before and after, the regions, and the proof.
 *
 * @module
 */
import type { NetworkCost } from "../fuse/network_cost.ts";
import { largest } from "../classify/verify.ts";
import type { FusionRecord } from "../classify/fusion_record.ts";
import { renderTable } from "../text/table.ts";

/** Cost of the network in both forms. */
export function renderCosts({ before, after }: Pick<FusionRecord, "before" | "after">): string {
  const row = (title: string, read: (cost: NetworkCost) => number | null) => {
    const [from, to] = [read(before), read(after)];
    const ratio = from === null || to === null ? "-" : `${(from / to).toFixed(2)}x`;
    return [title, formatCount(from), formatCount(to), ratio];
  };
  return renderTable(["", "training form", "fused form", "less"], [
    row("layers", (cost) => cost.layers),
    row("convolutions", (cost) => cost.convolutions),
    row("parameters", (cost) => cost.parameters),
    row("MACs", (cost) => cost.multiplyAccumulates),
    row("bytes", (cost) => cost.bytes),
  ]);
}

/** Every region that merged: its kernel, what float32 rounding cost, and how far the two forms are apart there. */
export function renderRegions(record: FusionRecord): string {
  const differences = new Map(record.proof.regions.map((difference) => [difference.name, difference]));
  return renderTable(
    ["region", "layers", "kernel", "stride", "rounding", "border", "interior"],
    record.regions.map((region) => {
      const difference = differences.get(region.name);
      return [
        region.name,
        region.layers.length,
        region.kernelShape.join("x"),
        region.strides[0],
        region.roundingError.toExponential(1),
        difference === undefined ? "-" : difference.border.toExponential(1),
        difference === undefined ? "-" : difference.interior.toExponential(1),
      ];
    }),
  );
}

/** The proof in two lines. */
export function renderProof({ proof, snapshotHash }: FusionRecord): string {
  const worst = Math.max(0, ...proof.regions.map(largest));
  return `proof: ${proof.images} images, logits differ by at most ${
    proof.maxRelativeDifference.toExponential(1)
  } of ` +
    `their scale, regions by ${worst.toExponential(1)} (allowed: ${proof.tolerance}),\n` +
    `       ${proof.changedPredictions} predictions changed; BN snapshot ${snapshotHash.slice(0, 12)}`;
}

function formatCount(count: number | null): string {
  return count === null ? "-" : count.toLocaleString("en");
}
