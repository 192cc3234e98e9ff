/**
 * What `repfuse ablate` prints: one line per training form, accuracy beside the costs.
 *
 * @module
 */
import type { AblationReport, Spread } from "../ablate/report.ts";
import { formatCount } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";

/** The training forms, the first of them the baseline of the differences. */
export function renderAblationTable(
  { variants }: Pick<AblationReport, "variants">,
  width?: number,
): string {
  const baseline = variants[0]?.fusedAccuracy.mean ?? 0;
  const table = renderTable(
    [
      "training form",
      { title: "fused accuracy", align: "right" },
      { title: "gain", align: "right" },
      "deploy parameters",
      "deploy MACs",
      { title: "training parameters", dispensable: 2 },
      { title: "training MACs", dispensable: 1 },
      { title: "training", align: "right", dispensable: 3 },
    ],
    variants.map(({ label, fusedAccuracy, deployCost, trainingCost, trainingSeconds, deploysPlain }) => [
      deploysPlain ? label : `${label} *`,
      percent(fusedAccuracy),
      signed(100 * (fusedAccuracy.mean - baseline)),
      deployCost.parameters.toLocaleString("en"),
      count(deployCost.macs),
      trainingCost.parameters.toLocaleString("en"),
      count(trainingCost.macs),
      `${trainingSeconds.mean.toFixed(0)} s`,
    ]),
    { width },
  );
  const seeds = Math.max(0, ...variants.map(({ fusedAccuracies }) => fusedAccuracies.length));
  const notes = [
    `Mean ± standard deviation over ${formatCount(seeds, "seed")}, in percent of the test images.`,
    variants.some(({ deploysPlain }) => !deploysPlain)
      ? "* Its deploy form is another network: compare its accuracy together with its cost. All others deploy as one."
      : "All deploy as the same network.",
  ];
  return `${table}\n${notes.join("\n")}\n`;
}

function percent({ mean, deviation }: Spread): string {
  return `${(100 * mean).toFixed(2)} ± ${(100 * deviation).toFixed(2)}`;
}

function signed(points: number): string {
  return `${points < 0 ? "-" : "+"}${Math.abs(points).toFixed(2)}`;
}

function count(value: number | null): string {
  return value === null ? "-" : value.toLocaleString("en");
}
