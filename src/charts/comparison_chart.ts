/**
 * Several runs in one picture: the accuracy on validation images, epoch by epoch, one line each.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { CARD_MARGIN, HEADER_HEIGHT, HEADING_HEIGHT, renderFigure, SERIES_COLORS } from "./svg.ts";

/** One run, by its epochs. */
export interface ComparedCurve {
  readonly name: string;
  /** Shares of images that are classified rightly, in [0, 1]; one per epoch, from the first. */
  readonly accuracies: readonly number[];
}

/* All sizes in px. */
const PLOT_WIDTH = 720;
const PLOT_HEIGHT = 320;
const CHARACTER_WIDTH = 6.6;
/** Lines without a colour of their own are dashed, in the colours from the first on. */
const DASH = "5 4";

/**
 * Draws the runs.
 *
 * @param curves At least one, and none without an epoch. More than there are colours get dashes as well.
 * @param measured What the accuracies were measured on: "validation images".
 * @returns SVG text.
 * @throws {RangeError} when there is nothing to draw.
 */
export function renderComparison(curves: readonly ComparedCurve[], measured: string): string {
  if (curves.length === 0 || curves.some(({ accuracies }) => accuracies.length === 0)) {
    throw new RangeError("Cannot compare runs without epochs");
  }
  const lines = curves.map((curve, i) => ({
    ...curve,
    color: SERIES_COLORS[i % SERIES_COLORS.length]!,
    dash: i < SERIES_COLORS.length ? "none" : DASH,
    points: curve.accuracies.map((accuracy, epoch) => ({ epoch: epoch + 1, percent: 100 * accuracy })),
  }));
  const all = lines.flatMap(({ points }) => points.map(({ percent }) => percent));
  const labelWidth = 16 + CHARACTER_WIDTH * Math.max(...lines.map((line) => labelOf(line).length));
  return renderFigure({
    title: "Runs compared",
    subtitle: `accuracy on ${measured}, by epoch`,
    width: PLOT_WIDTH + 2 * CARD_MARGIN,
    height: HEADER_HEIGHT + HEADING_HEIGHT + PLOT_HEIGHT + CARD_MARGIN,
    panels: [{
      x: CARD_MARGIN,
      y: HEADER_HEIGHT,
      heading: "Accuracy, %",
      plot: {
        width: PLOT_WIDTH,
        height: PLOT_HEIGHT,
        marginTop: 8,
        marginBottom: 38,
        marginLeft: 44,
        marginRight: Math.min(PLOT_WIDTH / 2, labelWidth),
        x: {
          domain: [1, Math.max(2, ...lines.map(({ points }) => points.length))],
          label: "epoch",
          labelAnchor: "center",
          labelArrow: "none",
          tickFormat: "d",
          ticks: Math.min(10, Math.max(1, ...lines.map(({ points }) => points.length - 1))),
        },
        y: {
          domain: [Math.max(0, Math.floor((Math.min(...all) - 1) / 10) * 10), 100],
          label: null,
          grid: true,
          ticks: 6,
          tickSize: 0,
          tickPadding: 8,
        },
        marks: [
          ...lines.map(({ points, color, dash }) =>
            Plot.lineY(points, {
              x: "epoch",
              y: "percent",
              stroke: color,
              strokeWidth: 2,
              ...(dash === "none" ? {} : { strokeDasharray: dash }),
            })
          ),
          Plot.text(
            spread(
              lines.map((line) => ({ ...line.points.at(-1)!, label: labelOf(line), color: line.color })),
            ),
            {
              x: "epoch",
              y: "place",
              text: "label",
              fill: "color",
              textAnchor: "start",
              dx: 8,
            },
          ),
        ],
      },
    }],
  });
}

function labelOf({ name, accuracies }: ComparedCurve): string {
  return `${name} ${(100 * accuracies.at(-1)!).toFixed(1)}`;
}

/** How far apart two labels are, in points of the axis at least. */
const LABEL_GAP = 4;

/** The labels, moved down where they would lie on each other. */
function spread<Label extends { readonly percent: number }>(
  labels: readonly Label[],
): (Label & { place: number })[] {
  let lowest = Infinity;
  return labels.toSorted((a, b) => b.percent - a.percent).map((label) => {
    lowest = Math.min(label.percent, lowest - LABEL_GAP);
    return { ...label, place: lowest };
  });
}
