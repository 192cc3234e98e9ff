/**
 * Which classes a classifier takes for which: one row per true class, one column per prediction. What is right is blue, what
 * is wrong is orange, both as strong as their share of the row, so that a few mistakes in a large class can still be seen.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { CARD_MARGIN, HEADER_HEIGHT, renderFigure, SERIES_COLORS, TEXT_SIZE } from "./svg.ts";

/** Counts of test images by class. */
export interface ConfusionMatrix {
  /** One name per class. */
  readonly classNames: readonly string[];
  /** counts[truth][prediction], whole numbers. */
  readonly counts: readonly (readonly number[])[];
  /** Where one of the classes stands for several: what the counts do not tell. */
  readonly scored?: { readonly correct: number; readonly images: number };
}

/** Side of a cell, px. */
const CELL = 38;
/** Beyond this many classes the cells shrink and lose their numbers. */
const MOST_NUMBERED = 20;
/** Side of the matrix then, px. */
const MATRIX_OF_MANY = 760;
/** Mean width of a letter, px. */
const CHARACTER_WIDTH = 7.2;
/** Letters of a class name that are shown. */
const LONGEST_NAME = 18;
/** Width of the column on the right, px. */
const RECALL_WIDTH = 56;
/** Opacity of a cell with a single image in a large class. */
const WEAKEST = 0.18;
/** Opacity of a cell that holds its whole row. Short of opaque, so that the number on it can be read on both cards. */
const STRONGEST = 0.6;

const [RIGHT_COLOR, , WRONG_COLOR] = SERIES_COLORS;

interface MatrixCell {
  readonly truth: number;
  readonly prediction: number;
  readonly count: number;
  /** Share of the images of this true class, in [0, 1]. */
  readonly share: number;
}

/**
 * Draws a confusion matrix, with the recall of each class beside its row.
 *
 * @param matrix The counts.
 * @param subtitle Whose predictions these are; the accuracy is appended.
 * @returns SVG text.
 * @throws {RangeError} when there is no class, or `counts` is not square with one row per class.
 */
export function renderConfusionMatrix(matrix: ConfusionMatrix, subtitle: string): string {
  const { classNames, counts } = matrix;
  const classes = classNames.length;
  if (classes === 0 || counts.length !== classes || counts.some((row) => row.length !== classes)) {
    throw new RangeError(
      `Cannot draw a confusion matrix of ${counts.length} rows: expected ${classes} by ${classes}, as there are class names`,
    );
  }
  const names = classNames.map(shorten);
  const numbered = classes <= MOST_NUMBERED;
  const longestName = numbered ? Math.max(...names.map((name) => name.length)) : 0;
  const margin = Math.ceil(26 + CHARACTER_WIDTH * longestName);
  const side = numbered ? classes * CELL : MATRIX_OF_MANY;
  const cells = matrixCells(counts);
  const width = margin + side + RECALL_WIDTH;
  const height = margin + side + 8;
  return renderFigure({
    title: "Confusion matrix",
    subtitle: `${subtitle}: ${accuracyText(matrix.scored ?? scoredBy(cells))}`,
    width: Math.max(width + 2 * CARD_MARGIN, 420),
    height: HEADER_HEIGHT + height + CARD_MARGIN,
    panels: [{
      x: CARD_MARGIN,
      y: HEADER_HEIGHT,
      plot: {
        width,
        height,
        marginTop: margin,
        marginLeft: margin,
        marginRight: RECALL_WIDTH,
        marginBottom: 8,
        x: { ...axis(names), axis: "top", label: "predicted", tickRotate: -90 },
        y: { ...axis(names), label: "true class" },
        marks: numbered ? [...heat(cells, 1), ...numbers(cells, counts)] : heat(cells, 0),
      },
    }],
  });
}

function axis(names: readonly string[]): Plot.ScaleOptions {
  return {
    type: "band",
    domain: names.map((_, index) => index),
    tickFormat: (index: number) => names[index] ?? "",
    ...(names.length > MOST_NUMBERED ? { ticks: [] } : {}),
    tickSize: 0,
    padding: 0,
    labelAnchor: "center",
    labelArrow: "none",
  };
}

function heat(cells: readonly MatrixCell[], inset: number): Plot.Markish[] {
  const place = { x: "prediction", y: "truth", inset } as const;
  const strength = ({ share }: MatrixCell) => WEAKEST + (STRONGEST - WEAKEST) * Math.sqrt(share);
  return [
    Plot.cell(cells, { ...place, fill: "currentColor", fillOpacity: 0.04 }),
    Plot.cell(cells.filter(({ count }) => count > 0), {
      ...place,
      fill: ({ truth, prediction }: MatrixCell) => truth === prediction ? RIGHT_COLOR : WRONG_COLOR,
      fillOpacity: { value: strength, scale: null },
    }),
  ];
}

function numbers(cells: readonly MatrixCell[], counts: ConfusionMatrix["counts"]): Plot.Markish[] {
  const last = counts.length - 1;
  return [
    Plot.text(cells.filter(({ count }) => count > 0), {
      x: "prediction",
      y: "truth",
      text: ({ count }: MatrixCell) => String(count),
    }),
    Plot.text(cells.filter(({ truth, prediction }) => truth === prediction), {
      x: last,
      y: "truth",
      dx: CELL / 2 + RECALL_WIDTH - 4,
      textAnchor: "end",
      text: ({ truth, share }: MatrixCell) => isEmpty(counts[truth]!) ? "–" : `${(100 * share).toFixed(1)}%`,
    }),
    Plot.text([{ x: last, y: 0 }], {
      x: "x",
      y: "y",
      dx: CELL / 2 + RECALL_WIDTH - 4,
      dy: -CELL / 2 - TEXT_SIZE,
      textAnchor: "end",
      text: () => "recall",
    }),
  ];
}

function matrixCells(counts: ConfusionMatrix["counts"]): MatrixCell[] {
  return counts.flatMap((row, truth) => {
    const total = sum(row);
    return row.map((count, prediction) => ({
      truth,
      prediction,
      count,
      share: total === 0 ? 0 : count / total,
    }));
  });
}

function scoredBy(cells: readonly MatrixCell[]): NonNullable<ConfusionMatrix["scored"]> {
  return {
    images: sum(cells.map(({ count }) => count)),
    correct: sum(cells.filter(({ truth, prediction }) => truth === prediction).map(({ count }) => count)),
  };
}

function accuracyText({ correct, images }: NonNullable<ConfusionMatrix["scored"]>): string {
  const share = images === 0 ? "" : ` (${(100 * correct / images).toFixed(2)}%)`;
  return `${correct.toLocaleString("en")} of ${images.toLocaleString("en")} right${share}`;
}

function isEmpty(row: readonly number[]): boolean {
  return sum(row) === 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function shorten(name: string): string {
  return name.length <= LONGEST_NAME ? name : name.slice(0, LONGEST_NAME - 1) + "…";
}
