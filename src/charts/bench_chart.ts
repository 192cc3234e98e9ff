/**
 * What a benchmark found: on the left the time per image of each form at each batch size, on the right how many times
 * faster than the first the others are, with their confidence intervals.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import {
  CARD_MARGIN,
  HALO,
  HEADER_HEIGHT,
  HEADING_HEIGHT,
  type Panel,
  renderFigure,
  SERIES_COLORS,
} from "./svg.ts";

/** The figures of one form at one batch size. */
export interface BenchBar {
  /** Name of the form, as the key shows it. */
  readonly form: string;
  /** Images per run. */
  readonly batch: number;
  /** Median time of a run, ms. */
  readonly medianMs: number;
  /** 95th percentile of the time of a run, ms. */
  readonly p95Ms: number;
  /** Images over the median time. */
  readonly imagesPerSecond: number;
}

/** The ratio of two forms at one batch size. */
export interface SpeedupDot {
  /** Name of the contender. */
  readonly form: string;
  /** Images per run. */
  readonly batch: number;
  /** Time of the baseline over time of the contender. */
  readonly ratio: number;
  /** The lower end of the 95% confidence interval. */
  readonly low: number;
  /** The upper end. */
  readonly high: number;
}

/** What {@link renderBench} draws. */
export interface BenchFigure {
  /** Every form at every batch size. */
  readonly results: readonly BenchBar[];
  /** Empty where there is nothing to compare: the chart then has one panel. */
  readonly speedup: readonly SpeedupDot[];
}

/* All sizes in px. */
const TIME_WIDTH = 510;
const SPEEDUP_WIDTH = 300;
const PANEL_GAP = 24;
const BAR_HEIGHT = 24;
const BATCH_GAP = 16;
const AXIS_HEIGHT = 38;
const TOP_MARGIN = 8;
/** A 95th percentile is drawn up to this many times the longest bar, lest one outlier leaves no room for the bars. */
const FURTHEST_P95 = 1.4;
/** Share of a batch size's row that stays empty. */
const ROW_PADDING = 0.2;
/** Height of the strokes at the ends of an interval, px. */
const END_HEIGHT = 12;
const MARGINS = { marginTop: TOP_MARGIN, marginBottom: AXIS_HEIGHT, marginLeft: 76 };
const X_AXIS = {
  grid: true,
  labelAnchor: "center",
  labelArrow: "none",
  labelOffset: 34,
  tickSize: 4,
} as const;

/**
 * Draws a benchmark. Forms keep the order of their first appearance: the baseline, the form that the benchmark is about, others.
 *
 * @param bench The figures, every form at every batch size.
 * @param title What is compared, for example "Inference: training form and fused form".
 * @param subtitle What was measured where, for example "toy, tfjs wasm in Deno 2.9, AMD EPYC".
 * @returns SVG text.
 * @throws {RangeError} when there is no result.
 */
export function renderBench(bench: BenchFigure, title: string, subtitle: string): string {
  if (bench.results.length === 0) throw new RangeError("Cannot draw a benchmark without results");
  const batches = [...new Set(bench.results.map((bar) => bar.batch))];
  const forms = [...new Set(bench.results.map((bar) => bar.form))];
  const plotHeight = TOP_MARGIN + batches.length * (forms.length * BAR_HEIGHT + BATCH_GAP) + AXIS_HEIGHT;
  const compared = bench.speedup.length > 0;
  return renderFigure({
    title,
    subtitle,
    width: 2 * CARD_MARGIN + TIME_WIDTH + (compared ? PANEL_GAP + SPEEDUP_WIDTH : 0),
    height: HEADER_HEIGHT + HEADING_HEIGHT + plotHeight + CARD_MARGIN,
    panels: [
      timePanel(bench.results, batches, forms, plotHeight),
      ...(compared ? [speedupPanel(bench.speedup, batches, forms, plotHeight)] : []),
    ],
  });
}

/** The form that the benchmark is about comes second and has the strong colour; the baseline before it is grey. */
function formColor(forms: readonly string[], form: string): string {
  const [subject, baseline, ...others] = SERIES_COLORS;
  const index = forms.indexOf(form);
  if (index === Math.min(1, forms.length - 1)) return subject;
  return index === 0 ? baseline : others[(index - 2) % others.length]!;
}

function timePanel(
  results: readonly BenchBar[],
  batches: readonly number[],
  forms: readonly string[],
  height: number,
): Panel {
  const perImage = (bar: BenchBar) => bar.medianMs / bar.batch;
  const limit = FURTHEST_P95 * Math.max(...results.map(perImage));
  const slow = (bar: BenchBar) => Math.min(limit, Math.max(bar.p95Ms, bar.medianMs) / bar.batch);
  const beyond = results.filter((bar) => bar.p95Ms / bar.batch > limit);
  const rows = { fy: "batch", y: "form" } as const;
  return {
    x: CARD_MARGIN,
    y: HEADER_HEIGHT,
    heading: "Time per image, ms",
    key: forms.map((form) => ({ label: form, color: formColor(forms, form) })),
    plot: {
      width: TIME_WIDTH,
      height,
      ...MARGINS,
      marginRight: 124,
      fy: batchAxis(batches),
      x: {
        ...X_AXIS,
        label: `median; the line ends at the 95th percentile${beyond.length > 0 ? " or leads there" : ""}`,
        zero: true,
      },
      y: { domain: forms, axis: null, padding: 0.12 },
      marks: [
        Plot.barX(results, {
          ...rows,
          x: perImage,
          fill: (bar: BenchBar) => formColor(forms, bar.form),
          rx: 2,
        }),
        Plot.ruleY(results, { ...rows, x1: perImage, x2: slow, stroke: "currentColor" }),
        Plot.dot(beyond, { ...rows, x: limit, symbol: "triangle", rotate: 90, r: 3, fill: "currentColor" }),
        Plot.text(results, {
          ...rows,
          ...HALO,
          x: slow,
          dx: 9,
          textAnchor: "start",
          text: (bar: BenchBar) => `${digits(perImage(bar))} ms, ${digits(bar.imagesPerSecond)}/s`,
        }),
        Plot.ruleX([0], { stroke: "currentColor" }),
      ],
    },
  };
}

function speedupPanel(
  speedup: readonly SpeedupDot[],
  batches: readonly number[],
  forms: readonly string[],
  height: number,
): Panel {
  const contenders = forms.filter((form) => speedup.some((dot) => dot.form === form));
  const color = ({ form }: SpeedupDot) => formColor(forms, form);
  const row = { fy: "batch", y: "form" } as const;
  const bandHeight = (height - TOP_MARGIN - AXIS_HEIGHT) * (1 - ROW_PADDING) / (batches.length + ROW_PADDING);
  const inset = (Math.floor(bandHeight / contenders.length) - END_HEIGHT) / 2;
  return {
    x: CARD_MARGIN + TIME_WIDTH + PANEL_GAP,
    y: HEADER_HEIGHT,
    heading: "Speedup, times faster",
    plot: {
      width: SPEEDUP_WIDTH,
      height,
      ...MARGINS,
      marginRight: 28,
      x: {
        ...X_AXIS,
        label: "median with 95% confidence interval",
        nice: 4,
        ticks: 4,
        domain: speedupDomain(speedup),
      },
      fy: batchAxis(batches),
      y: { domain: contenders, axis: null, padding: 0 },
      marks: [
        Plot.ruleX([1], { stroke: "currentColor", strokeDasharray: "4 3" }),
        Plot.ruleY(speedup, { ...row, x1: "low", x2: "high", stroke: color, strokeWidth: 2 }),
        ...(["low", "high"] as const).map((x) =>
          Plot.tickX(speedup, { ...row, x, inset, stroke: color, strokeWidth: 2 })
        ),
        Plot.dot(speedup, { ...row, x: "ratio", r: 4.5, fill: color }),
        Plot.text(speedup, {
          ...HALO,
          ...row,
          x: "ratio",
          dy: -17,
          fontWeight: 600,
          text: (dot: SpeedupDot) => `${dot.ratio.toFixed(2)}×`,
        }),
      ],
    },
  };
}

/** One band per batch size, at the same heights in both panels. */
function batchAxis(batches: readonly number[]): Plot.ScaleOptions {
  return {
    domain: batches,
    label: null,
    axis: "left",
    tickFormat: (batch: number) => `batch ${batch}`,
    padding: ROW_PADDING,
  };
}

/** From "as fast" to a little above the fastest, so that the distance from 1 is what the eye measures. */
function speedupDomain(speedup: readonly SpeedupDot[]): [number, number] {
  const ends = speedup.flatMap(({ low, high, ratio }) => [low, high, ratio, 1]);
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const air = 0.1 * (high - low);
  return [low < 1 ? low - air : 1, high + air];
}

/** Three digits, or all of them before the point: "1.30", "48.2", "1,333". */
function digits(value: number): string {
  return value < 999.5 ? value.toPrecision(3) : Math.round(value).toLocaleString("en");
}
