/**
 * What `repfuse ablate` prints: one line per training form, accuracy beside the costs.
 *
 * @module
 */
import type { AblationReport, VariantSummary } from "../ablate/report.ts";
import type { Spread } from "../ablate/spread.ts";
import { formatCount } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";

/** A column that stands where a row has something in it. */
interface SettingColumn {
  readonly title: string;
  readonly cell: (row: VariantSummary) => string | undefined;
}

/** Where forms meet. */
const PLACES: readonly SettingColumn[] = [
  { title: "cost", cell: ({ macs }) => macs === undefined ? undefined : `${macs / 1e6} M` },
  { title: "depth", cell: ({ macs, depth }) => macs === undefined ? depth?.toString() : undefined },
];

/** What a search has chosen for each form. */
const CHOICES: readonly SettingColumn[] = [
  { title: "depth", cell: ({ macs, depth }) => macs === undefined ? undefined : depth?.toString() },
  { title: "widths", cell: ({ widths }) => widths?.join("-") },
  { title: "rate", cell: ({ rate }) => rate?.toString() },
];

/** The training forms, the first of them the baseline of the differences. */
export function renderAblationTable(
  { variants }: Pick<AblationReport, "variants">,
  width?: number,
): string {
  const known = (columns: readonly SettingColumn[]) =>
    columns.filter(({ cell }) => variants.some((row) => cell(row) !== undefined));
  const [places, choices] = [known(PLACES), known(CHOICES)];
  const titled = ({ title }: SettingColumn) => ({ title, align: "right" } as const);
  const table = renderTable(
    [
      ...places.map(titled),
      "training form",
      ...choices.map(titled),
      { title: "fused accuracy", align: "right" },
      { title: "gain", align: "right" },
      "deploy parameters",
      "deploy MACs",
      { title: "training parameters", dispensable: 2 },
      { title: "training MACs", dispensable: 1 },
      { title: "training", align: "right", dispensable: 3 },
    ],
    variants.map((row) => [
      ...places.map(({ cell }) => cell(row) ?? ""),
      row.deploysPlain || row.macs !== undefined ? row.label : `${row.label} *`,
      ...choices.map(({ cell }) => cell(row) ?? ""),
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
  return `${table}\n${notesOn(variants).join("\n")}\n`;
}

function notesOn(variants: readonly VariantSummary[]): readonly string[] {
  const seeds = Math.max(0, ...variants.map(({ fusedAccuracies }) => fusedAccuracies.length));
  const isSearched = variants.some(({ macs }) => macs !== undefined);
  return [
    `Mean ± standard deviation over ${formatCount(seeds, "seed")}, in percent of the test images.`,
    ...(variants.some(({ gain }) => gain?.low != null)
      ? [
        "Gain: the mean of the differences from the first form, seed by seed, and its 95% interval (Student's t).",
      ]
      : []),
    isSearched
      ? "Each form at the depth, widths and rate that did best on the validation images, of those that cost as much to run."
      : variants.some(({ deploysPlain }) => !deploysPlain)
      ? "* Its deploy form is another network: compare its accuracy together with its cost. All others deploy as one."
      : "All deploy as the same network.",
  ];
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
