/**
 * Does re-parameterization pay? One row per training form, all of the same deploy cost: the accuracy of the fused network
 * for every seed, with mean and standard deviation.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { type Spread, spreadOf } from "../ablate/spread.ts";
import { CARD_MARGIN, HALO, HEADER_HEIGHT, HEADING_HEIGHT, renderFigure, SERIES_COLORS } from "./svg.ts";

/** One training form, trained with several seeds. */
export interface AblationRow {
  /** "plain", "+ 1x1", "+ identity", ... */
  readonly name: string;
  /** Share of test images that the fused network classifies rightly, in [0, 1], one per seed. */
  readonly accuracies: readonly number[];
}

/* All sizes in px. */
const PLOT_WIDTH = 640;
const ROW_HEIGHT = 34;
const AXIS_HEIGHT = 28;
const CHARACTER_WIDTH = 7.2;
const LABEL_WIDTH = 110;

/** In percent. */
interface RowSummary extends Spread {
  readonly name: string;
}

/**
 * Draws an ablation. The first row is the baseline, whose mean runs through the picture as a dashed line.
 *
 * @param rows The training forms in the order of the picture, top to bottom.
 * @param subtitle What was trained on what.
 * @returns SVG text.
 * @throws {RangeError} when there is no row, or a row without a seed.
 */
export function renderAblation(rows: readonly AblationRow[], subtitle: string): string {
  const empty = rows.find((row) => row.accuracies.length === 0);
  if (rows.length === 0 || empty !== undefined) {
    throw new RangeError(
      `Cannot draw an ablation without results${empty === undefined ? "" : ` of ${empty.name}`}`,
    );
  }
  const height = rows.length * ROW_HEIGHT + AXIS_HEIGHT;
  return renderFigure({
    title: "Accuracy by training form, at equal deploy cost",
    subtitle,
    width: PLOT_WIDTH + 2 * CARD_MARGIN,
    height: HEADER_HEIGHT + HEADING_HEIGHT + height + CARD_MARGIN,
    panels: [{
      x: CARD_MARGIN,
      y: HEADER_HEIGHT,
      heading: "Test accuracy of the fused network, %",
      key: [
        { label: "mean ± standard deviation", color: SERIES_COLORS[0] },
        { label: "one seed", color: SERIES_COLORS[1] },
      ],
      plot: {
        width: PLOT_WIDTH,
        height,
        marginTop: 4,
        marginBottom: AXIS_HEIGHT - 4,
        marginLeft: Math.ceil(16 + CHARACTER_WIDTH * Math.max(...rows.map(({ name }) => name.length))),
        marginRight: LABEL_WIDTH,
        x: { grid: true, nice: 5, ticks: 5, label: null, tickSize: 4 },
        y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0, tickPadding: 8 },
        marks: marks(rows, rows.map(summarize)),
      },
    }],
  });
}

function marks(rows: readonly AblationRow[], summaries: readonly RowSummary[]): Plot.Markish[] {
  const [strong, quiet] = SERIES_COLORS;
  const seeds = rows.flatMap(({ name, accuracies }) =>
    accuracies.map((accuracy) => ({ name, percent: 100 * accuracy }))
  );
  const low = ({ mean, deviation }: RowSummary) => mean - deviation;
  const high = ({ mean, deviation }: RowSummary) => mean + deviation;
  return [
    Plot.ruleX([summaries[0]!.mean], { stroke: "currentColor", strokeDasharray: "4 3" }),
    Plot.ruleY(summaries, { y: "name", x1: low, x2: high, stroke: strong, strokeWidth: 2 }),
    Plot.dot(seeds, { y: "name", x: "percent", r: 3, stroke: quiet, strokeWidth: 1.5 }),
    Plot.dot(summaries, { y: "name", x: "mean", r: 5, fill: strong }),
    Plot.text(summaries, {
      ...HALO,
      y: "name",
      frameAnchor: "right",
      dx: LABEL_WIDTH - 4,
      textAnchor: "end",
      fontVariant: "tabular-nums",
      text: ({ mean, deviation }: RowSummary) => `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`,
    }),
  ];
}

function summarize({ name, accuracies }: AblationRow): RowSummary {
  return { name, ...spreadOf(accuracies.map((accuracy) => 100 * accuracy)) };
}
