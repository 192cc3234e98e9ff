/**
 * Accuracy of fused networks against what they are: one line per training form over depths, or over costs, and the 95% interval
 * of every mean.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { CARD_MARGIN, HALO, HEADER_HEIGHT, HEADING_HEIGHT, renderFigure, SERIES_COLORS } from "./svg.ts";

/** One training form at one place. */
export interface AccuracyPoint {
  /** "plain 3x3", "RepVGG: + 1x1 + identity". */
  readonly name: string;
  /** Blocks in a row, or million multiply-adds of the deploy form. */
  readonly x: number;
  /** Share of test images that the fused networks classify rightly: the mean over the seeds, and its interval. */
  readonly accuracy: { readonly mean: number; readonly low: number | null; readonly high: number | null };
}

/** What a line runs over. */
const AXES = {
  depth: {
    title: "Accuracy by depth, at equal deploy cost",
    label: "blocks in a row, stem included",
    type: "linear",
  },
  cost: {
    title: "Accuracy by deploy cost, each at its best shape",
    label: "million multiply-adds of the fused network",
    type: "log",
  },
} as const;

/* All sizes in px. */
const PLOT_WIDTH = 640;
const PLOT_HEIGHT = 320;
const CHARACTER_WIDTH = 7.2;
const NAME_HEIGHT = 24;

/** So far apart do the bars of one place stand, as a share of the distance between places. */
const DODGE = 0.06;

/**
 * Draws accuracies over depths or costs.
 *
 * @param points In any order; the first form that is named is the baseline, which is drawn grey.
 * @param subtitle What was trained on what.
 * @returns SVG text.
 * @throws {RangeError} when there is no point.
 */
export function renderAccuracyLines(
  axis: keyof typeof AXES,
  points: readonly AccuracyPoint[],
  subtitle: string,
): string {
  if (points.length === 0) throw new RangeError("Cannot draw an ablation without results.");
  const { title, label, type } = AXES[axis];
  const names = [...new Set(points.map(({ name }) => name))];
  const colors = names.map((_, i) => colorOf(i));
  const ticks = [...new Set(points.map(({ x }) => Number(x.toPrecision(2))))].sort((a, b) => a - b);
  const gap = axis === "depth"
    ? DODGE * Math.min(...ticks.slice(1).map((x, i) => x - ticks[i]!), ticks[0]!)
    : 0;
  const rows = points.map(({ name, x, accuracy }) => ({
    name,
    x: x + gap * (names.indexOf(name) - (names.length - 1) / 2),
    mean: 100 * accuracy.mean,
    low: 100 * (accuracy.low ?? accuracy.mean),
    // An interval may reach beyond all images; a share cannot.
    high: Math.min(100, 100 * (accuracy.high ?? accuracy.mean)),
  })).sort((a, b) => a.x - b.x);
  const stroke = (row: { readonly name: string }) => colors[names.indexOf(row.name)]!;
  return renderFigure({
    title,
    subtitle,
    width: PLOT_WIDTH + 2 * CARD_MARGIN,
    height: HEADER_HEIGHT + HEADING_HEIGHT + PLOT_HEIGHT + CARD_MARGIN,
    panels: [{
      x: CARD_MARGIN,
      y: HEADER_HEIGHT,
      heading: "Test accuracy of the fused network, %, and its 95% interval",
      plot: {
        width: PLOT_WIDTH,
        height: PLOT_HEIGHT,
        marginLeft: 44,
        marginBottom: 36,
        marginRight: Math.ceil(16 + CHARACTER_WIDTH * Math.max(...names.map((name) => name.length))),
        x: { type, ticks, tickFormat: String, label, labelAnchor: "center" },
        y: { grid: true, nice: true, label: null, ticks: 6 },
        marks: [
          Plot.line(rows, { x: "x", y: "mean", z: "name", stroke, strokeWidth: 2 }),
          Plot.ruleX(rows, { x: "x", y1: "low", y2: "high", stroke, strokeWidth: 2 }),
          Plot.dot(rows, { x: "x", y: "mean", r: 4, fill: stroke }),
          Plot.text(endsOf(rows, names), {
            ...HALO,
            x: "x",
            y: "y",
            dx: 10,
            text: "name",
            textAnchor: "start",
            fill: stroke,
            fontWeight: 600,
          }),
        ],
      },
    }],
  });
}

interface Row {
  readonly name: string;
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Where the names stand: right of all, at the heights of the lines' ends, moved apart where they would cover each other. */
function endsOf(rows: readonly Row[], names: readonly string[]): (Row & { readonly y: number })[] {
  const right = Math.max(...rows.map(({ x }) => x));
  const range = Math.max(...rows.map(({ high }) => high)) - Math.min(...rows.map(({ low }) => low));
  const height = (range || 1) * NAME_HEIGHT / PLOT_HEIGHT;
  let floor = -Infinity;
  return names.map((name) => rows.findLast((row) => row.name === name)!)
    .sort((a, b) => a.mean - b.mean)
    .map((row) => {
      const y = Math.max(row.mean, floor);
      floor = y + height;
      return { ...row, x: right, y };
    });
}

/** The baseline is grey; the colours come round where there are more forms. */
function colorOf(index: number): string {
  const [blue, grey, ...others] = SERIES_COLORS;
  const strong = [blue, ...others];
  return index === 0 ? grey : strong[(index - 1) % strong.length]!;
}
