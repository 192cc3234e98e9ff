/**
 * What `repfuse ablate` prints: one line per training form, accuracy beside the costs.
 *
 * @module
 */
import type { AblationReport, VariantSummary } from "../ablate/report.ts";
import type { Spread } from "../ablate/spread.ts";
import { formatCount } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";

/** The training forms, the first of them the baseline of the differences. */
export function renderAblationTable(
  { variants }: Pick<AblationReport, "variants">,
  width?: number,
): string {
  const isDeep = variants.some(({ depth }) => depth !== undefined);
  const table = renderTable(
    [
      ...(isDeep ? [{ title: "depth", align: "right" } as const] : []),
      "training form",
      { title: "fused accuracy", align: "right" },
      { title: "gain", align: "right" },
      "deploy parameters",
      "deploy MACs",
      { title: "training parameters", dispensable: 2 },
      { title: "training MACs", dispensable: 1 },
      { title: "training", align: "right", dispensable: 3 },
    ],
    variants.map((row) => [
      ...(isDeep ? [String(row.depth)] : []),
      row.deploysPlain ? row.label : `${row.label} *`,
      percent(row.fusedAccuracy),
      gainText(row),
      row.deployCost.parameters.toLocaleString("en"),
      count(row.deployCost.macs),
      row.trainingCost.parameters.toLocaleString("en"),
      count(row.trainingCost.macs),
      `${row.trainingSeconds.mean.toFixed(0)} s`,
    ]),
    { width },
  );
  const seeds = Math.max(0, ...variants.map(({ fusedAccuracies }) => fusedAccuracies.length));
  const notes = [
    `Mean ± standard deviation over ${formatCount(seeds, "seed")}, in percent of the test images.`,
    ...(variants.some(({ gain }) => gain?.low != null)
      ? [
        "Gain: the mean of the differences from the first form, seed by seed, and its 95% interval (Student's t).",
      ]
      : []),
    variants.some(({ deploysPlain }) => !deploysPlain)
      ? "* Its deploy form is another network: compare its accuracy together with its cost. All others deploy as one."
      : "All deploy as the same network.",
  ];
  return `${table}\n${notes.join("\n")}\n`;
}

function percent({ mean, deviation }: Spread): string {
  return `${(100 * mean).toFixed(2)} ± ${(100 * deviation).toFixed(2)}`;
}

/** "+1.20 (+0.31 to +2.09)", in points; without an interval for one seed, and "+0.00" for the baseline. */
function gainText({ gain }: VariantSummary): string {
  if (gain === undefined) return signed(0);
  const { mean, low, high } = gain;
  const points = (share: number) => signed(100 * share);
  return low === null || high === null ? points(mean) : `${points(mean)} (${points(low)} to ${points(high)})`;
}

function signed(points: number): string {
  const text = Math.abs(points).toFixed(2);
  return `${points < 0 && Number(text) > 0 ? "-" : "+"}${text}`;
}

function count(value: number | null): string {
  return value === null ? "-" : value.toLocaleString("en");
}
