/**
 * The course of a training run: the loss and the learning rate on the left, the accuracy on training and validation images on the
 * right.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import {
  CARD_MARGIN,
  HEADER_HEIGHT,
  HEADING_HEIGHT,
  type Panel,
  renderFigure,
  SERIES_COLORS,
} from "./svg.ts";

/** What is known after one epoch. */
export interface EpochMetrics {
  /** Counted from 1. */
  readonly epoch: number;
  /** Mean of the training objective over the epoch. */
  readonly trainingLoss: number;
  /** Share of the augmented training images that were classified rightly on the way, in [0, 1]. */
  readonly trainingAccuracy: number;
  /** Mean cross-entropy over the validation images, where there are any. */
  readonly validationLoss?: number;
  /** Share of the validation images that are classified rightly, in [0, 1]. */
  readonly validationAccuracy?: number;
  /** Learning rate at the end of the epoch. */
  readonly learningRate: number;
}

/* All sizes in px. */
const PANEL_WIDTH = 370;
const LOSS_HEIGHT = 190;
const RATE_HEIGHT = 84;
const PANEL_GAP = 24;
const WIDTH = 2 * CARD_MARGIN + 2 * PANEL_WIDTH + PANEL_GAP;
const HEIGHT = HEADER_HEIGHT + 2 * HEADING_HEIGHT + LOSS_HEIGHT + RATE_HEIGHT + CARD_MARGIN;
/** Up to here each epoch has a dot of its own. */
const MOST_DOTS = 40;
const VALUE_AXIS = { label: null, grid: true, tickSize: 0, tickPadding: 8 } as const;
const MARGINS = { marginLeft: 44, marginRight: 10, marginTop: 8 };

const [TRAINING_COLOR, , VALIDATION_COLOR] = SERIES_COLORS;

/**
 * Draws the curves of a run.
 *
 * @param metrics One entry per epoch, in order. An entry whose value is not finite leaves a gap.
 * @param subtitle What was trained on what, for example "toy on shapes10".
 * @returns SVG text.
 * @throws {RangeError} when there is no epoch to draw.
 * @example
 * ```ts
 * import { renderCurves } from "./curves.ts";
 * const epoch = { epoch: 1, trainingLoss: 1.4, trainingAccuracy: 0.6, validationAccuracy: 0.71, learningRate: 0.1 };
 * const svg = renderCurves([epoch], "toy on shapes10");
 * console.log(svg.startsWith("<svg")); // true
 * ```
 */
export function renderCurves(metrics: readonly EpochMetrics[], subtitle: string): string {
  if (metrics.length === 0) throw new RangeError("Cannot draw the curves of a run with no finished epoch");
  const right = CARD_MARGIN + PANEL_WIDTH + PANEL_GAP;
  return renderFigure({
    title: "Training",
    subtitle,
    width: WIDTH,
    height: HEIGHT,
    panels: [
      lossPanel(metrics, CARD_MARGIN, HEADER_HEIGHT),
      ratePanel(metrics, CARD_MARGIN, HEADER_HEIGHT + HEADING_HEIGHT + LOSS_HEIGHT),
      accuracyPanel(metrics, right, HEADER_HEIGHT),
    ],
  });
}

function lossPanel(metrics: readonly EpochMetrics[], x: number, y: number): Panel {
  const measured = metrics.filter((row) => row.validationLoss !== undefined);
  return {
    x,
    y,
    heading: "Loss, nats",
    key: [
      { label: "training", color: TRAINING_COLOR },
      ...(measured.length > 0 ? [{ label: "validation", color: VALIDATION_COLOR }] : []),
    ],
    plot: {
      width: PANEL_WIDTH,
      height: LOSS_HEIGHT,
      ...MARGINS,
      marginBottom: 24,
      x: epochScale(metrics),
      y: { ...VALUE_AXIS, zero: true, nice: 5, ticks: 5 },
      marks: [
        epochAxis(metrics, null),
        ...curve(measured, (row) => row.validationLoss ?? NaN, VALIDATION_COLOR),
        ...curve(metrics, (row) => row.trainingLoss, TRAINING_COLOR),
      ],
    },
  };
}

function ratePanel(metrics: readonly EpochMetrics[], x: number, y: number): Panel {
  return {
    x,
    y,
    heading: "Learning rate",
    plot: {
      width: PANEL_WIDTH,
      height: RATE_HEIGHT,
      ...MARGINS,
      marginBottom: 38,
      x: epochScale(metrics),
      y: { ...VALUE_AXIS, zero: true, nice: 2, ticks: 2 },
      marks: [
        epochAxis(metrics, "epoch"),
        ...curve(metrics, (row) => row.learningRate, "currentColor"),
      ],
    },
  };
}

function accuracyPanel(metrics: readonly EpochMetrics[], x: number, y: number): Panel {
  const training = (row: EpochMetrics) => 100 * row.trainingAccuracy;
  const validation = (row: EpochMetrics) => 100 * (row.validationAccuracy ?? NaN);
  const measured = metrics.filter((row) => row.validationAccuracy !== undefined);
  const [best] = measured.toSorted((a, b) => validation(b) - validation(a) || a.epoch - b.epoch);
  const lowest = Math.min(
    ...metrics.map(training).concat(measured.map(validation)).filter(Number.isFinite),
    100,
  );
  return {
    x,
    y,
    heading: "Accuracy, %",
    key: [
      { label: "training", color: TRAINING_COLOR },
      ...(best === undefined ? [] : [{
        label: `validation (${validation(best).toFixed(2)} at epoch ${best.epoch})`,
        color: VALIDATION_COLOR,
      }]),
    ],
    plot: {
      width: PANEL_WIDTH,
      height: LOSS_HEIGHT + HEADING_HEIGHT + RATE_HEIGHT,
      ...MARGINS,
      marginBottom: 38,
      x: epochScale(metrics),
      y: { ...VALUE_AXIS, domain: [Math.max(0, Math.floor((lowest - 1) / 10) * 10), 100], ticks: 6 },
      marks: [
        epochAxis(metrics, "epoch"),
        ...curve(metrics, training, TRAINING_COLOR),
        ...curve(measured, validation, VALIDATION_COLOR),
        ...(best === undefined ? [] : [
          Plot.dot([best], { x: "epoch", y: validation, r: 6, stroke: VALIDATION_COLOR, strokeWidth: 2 }),
        ]),
      ],
    },
  };
}

function curve(
  rows: readonly EpochMetrics[],
  value: (row: EpochMetrics) => number,
  color: string,
): Plot.Markish[] {
  const line = Plot.lineY(rows, { x: "epoch", y: value, stroke: color, strokeWidth: 2 });
  return rows.length > MOST_DOTS
    ? [line]
    : [line, Plot.dot(rows, { x: "epoch", y: value, fill: color, r: 2.5 })];
}

function epochAxis(metrics: readonly EpochMetrics[], label: string | null): Plot.Markish {
  return Plot.axisX({
    label,
    labelAnchor: "center",
    labelArrow: "none",
    labelOffset: 34,
    ticks: epochTicks(metrics),
    tickFormat: "d",
    tickSize: 4,
  });
}

function epochScale(metrics: readonly EpochMetrics[]): Plot.ScaleOptions {
  const first = metrics[0]!.epoch;
  const last = metrics.at(-1)!.epoch;
  return { domain: first === last ? [first - 0.5, last + 0.5] : [first, last], inset: 6 };
}

/** Whole epochs at a step of 1, 2 or 5 times a power of ten, eleven at most. */
function epochTicks(metrics: readonly EpochMetrics[]): number[] {
  const first = metrics[0]!.epoch;
  const last = metrics.at(-1)!.epoch;
  const rough = (last - first) / 10;
  const power = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(rough, 1))));
  const step = power * [1, 2, 5, 10].find((digit) => digit * power >= rough)!;
  const from = step === 1 ? first : Math.ceil(first / step) * step;
  return Array.from({ length: Math.floor((last - from) / step) + 1 }, (_, i) => from + i * step);
}
