/**
 * One block, folded: its layers, what each of its branches is once its BatchNorm is inside its weights, and the one
 * convolution that they add up to, number by number.
 *
 * @module
 */
import type { Inspection } from "../inspect/inspect.ts";
import { CARD_MARGIN, escapeXml, HEADER_HEIGHT, MUTED, renderCard, SERIES_COLORS } from "./card.ts";
import { drawArrow, drawLabel, LINE_COLOR, type Point } from "./network_parts.ts";
import { drawSide, layOutSide, type Side } from "./network_side.ts";

/* All sizes in px. */
const CELL = 30;
const GRID = 3 * CELL;
/** Between grids, for the sign. */
const SIGN_WIDTH = 26;
const ARROW_WIDTH = 34;
const ARROW_MARGIN = 14;
const BAND_GAP = 16;
/** Under the titles of the columns. */
const COLUMN_HEADING = 34;

/** A branch as a 3x3 convolution of one channel. */
export interface FoldedKernel {
  /** What it was: "3x3 BN". */
  readonly label: string;
  /** [3, 3], row by row. */
  readonly kernel: readonly number[];
  /** What is added to every pixel. */
  readonly bias: number;
}

/** What the picture shows. */
export interface Folding {
  /** A network of one block. */
  readonly inspection: Inspection;
  /** Its branches, from left to right. */
  readonly branches: readonly FoldedKernel[];
  /** What they became. */
  readonly fused: FoldedKernel;
}

/**
 * Draws how a block folds.
 *
 * @returns SVG text.
 */
export function renderFolding({ inspection, branches, fused }: Folding): string {
  const [before, after] = (["training", "fused"] as const).map((form) =>
    layOutSide(
      inspection.bands.map((band, index) => ({
        band,
        index,
        sources: form === "training" ? band.sources : band.fusedSources,
      })),
      form,
    )
  ) as [Side, Side];
  const heights = before.bands.map(({ height }) => height);
  const content = heights.reduce((sum, height) => sum + height, BAND_GAP * (heights.length - 1));
  const top = HEADER_HEIGHT + COLUMN_HEADING;
  const tops = heights.map((_, i) =>
    top + heights.slice(0, i).reduce((sum, height) => sum + height + BAND_GAP, 0)
  );
  // The arrows and the grids stand beside the block, not beside the image above it.
  const middle = tops.at(-1)! + heights.at(-1)! / 2;
  const step = ARROW_MARGIN + ARROW_WIDTH + ARROW_MARGIN;
  const gridsAt = CARD_MARGIN + before.width + step;
  const kernels = [...branches, fused];
  const gridsWidth = kernels.length * GRID + (kernels.length - 1) * SIGN_WIDTH;
  const afterAt = gridsAt + gridsWidth + step;
  const place = { tops, heights, remarks: new Map<string, number>() };
  const heading = (text: string, x: number) =>
    `<text x="${x}" y="${HEADER_HEIGHT + 12}" font-weight="600" text-anchor="middle">${
      escapeXml(text)
    }</text>`;

  return renderCard({
    title: "Three branches while it trains, one convolution when it runs",
    subtitle: "Both compute the same numbers. The second is one step in place of seven.",
    width: Math.ceil(afterAt + Math.max(after.width, GRID) + CARD_MARGIN),
    height: Math.ceil(top + content + CARD_MARGIN),
  }, [
    heading("You train this", CARD_MARGIN + before.width / 2),
    heading("Each branch is a 3x3 kernel, and kernels add up", gridsAt + gridsWidth / 2),
    heading("You ship this", afterAt + Math.max(after.width, GRID) / 2),
    ...drawSide(before, { ...place, axis: CARD_MARGIN + before.width / 2, lanes: "left" }),
    drawArrow({ x: gridsAt - step + ARROW_MARGIN, y: middle }, ARROW_WIDTH),
    ...kernels.flatMap((kernel, i) => {
      const x = gridsAt + i * (GRID + SIGN_WIDTH);
      const sign = i === 0
        ? []
        : [drawSign(i === kernels.length - 1 ? "=" : "+", x - SIGN_WIDTH / 2, middle)];
      return [...sign, ...drawKernel(kernel, { x, y: middle - GRID / 2 })];
    }),
    drawArrow({ x: afterAt - step + ARROW_MARGIN, y: middle }, ARROW_WIDTH),
    ...drawSide(after, { ...place, axis: afterAt + Math.max(after.width, GRID) / 2, lanes: "right" }),
  ]);
}

/** A kernel: a shade and a number for each weight, what it was above it and its bias below. */
function drawKernel({ label, kernel, bias }: FoldedKernel, { x, y }: Point): string[] {
  const center = `text-anchor="middle"`;
  const cells = kernel.flatMap((weight, i) => {
    const [left, top] = [x + i % 3 * CELL, y + Math.floor(i / 3) * CELL];
    const color = weight < 0 ? SERIES_COLORS[2] : SERIES_COLORS[0];
    const opacity = Math.min(0.6, Math.abs(weight) * 0.3).toFixed(2);
    const at = { x: left + CELL / 2, y: top + CELL / 2 + 4 };
    return [
      `<rect x="${left}" y="${top}" width="${CELL}" height="${CELL}" fill="${color}" fill-opacity="${opacity}" ` +
      `stroke="${LINE_COLOR}" stroke-opacity="0.5"/>`,
      weight === 0 ? drawLabel("0", at, `${center} ${MUTED}`) : drawLabel(figure(weight), at, center),
    ];
  });
  return [
    drawLabel(label, { x: x + GRID / 2, y: y - 10 }, `${center} font-weight="600"`),
    ...cells,
    drawLabel(`bias ${figure(bias)}`, { x: x + GRID / 2, y: y + GRID + 17 }, `${center} ${MUTED}`),
  ];
}

function drawSign(sign: string, x: number, y: number): string {
  return `<text x="${x}" y="${y + 6}" font-size="18" text-anchor="middle">${sign}</text>`;
}

function figure(value: number): string {
  return value.toFixed(1).replace("-", "−");
}
