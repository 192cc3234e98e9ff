/**
 * From Observable Plot's description of a chart to one standalone SVG file, without a browser: linkedom lends Plot a
 * document, and the panels it draws are set on a card with a title.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type Card, escapeXml, renderCard, TEXT_SIZE, withoutForbiddenCharacters } from "./card.ts";

export { CARD_MARGIN, HALO, HEADER_HEIGHT, SERIES_COLORS, TEXT_SIZE } from "./card.ts";

/** One entry of a panel's key: a coloured dot and what it stands for. */
export interface KeyEntry {
  /** What the colour stands for. */
  readonly label: string;
  /** A colour that marks of the panel have. */
  readonly color: string;
}

/** One plot on a figure. */
export interface Panel {
  /** The left edge of the panel on the card, px. */
  readonly x: number;
  /** The top edge of the heading, or of the plot when there is none, px. */
  readonly y: number;
  /** What the panel shows, with its unit. */
  readonly heading?: string;
  /** What the colours mean, after the heading. */
  readonly key?: readonly KeyEntry[];
  /** Marks, scales, size. The document and the fonts are set here. */
  readonly plot: Plot.PlotOptions & { readonly width: number; readonly height: number };
}

/** A whole picture. */
export interface Figure extends Card {
  /** What is drawn below the header. */
  readonly panels: readonly Panel[];
}

/** Height of a panel's heading, px. */
export const HEADING_HEIGHT = 22;

/** The SVG text of a figure: one file that needs no other. */
export function renderFigure(figure: Figure): string {
  return renderCard(figure, figure.panels.map(renderPanel));
}

function renderPanel(panel: Panel): string {
  const headed = panel.heading !== undefined;
  const element = Plot.plot({
    ...panel.plot,
    document: newDocument(),
    className: "plot",
    figure: false,
    style: { fontSize: `${TEXT_SIZE}px`, fontFamily: "inherit" },
  }) as unknown as SvgElement;
  element.setAttribute("x", String(panel.x));
  element.setAttribute("y", String(panel.y + (headed ? HEADING_HEIGHT : 0)));
  return (headed ? renderHeading(panel) : "") + withoutForbiddenCharacters(element.outerHTML);
}

function renderHeading({ x, y, heading = "", key = [] }: Panel): string {
  const entries = key.map(({ label, color }) =>
    `<tspan dx="14" fill="${color}">●</tspan><tspan dx="4" font-weight="400">${escapeXml(label)}</tspan>`
  );
  return `<text x="${x}" y="${y + TEXT_SIZE}" font-weight="600">${escapeXml(heading)}${
    entries.join("")
  }</text>`;
}

interface SvgElement {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
}

/** A document to draw in. linkedom's types promise a Window, whose `document` Deno's own Window does not have. */
function newDocument(): NonNullable<Plot.PlotOptions["document"]> {
  return (parseHTML("<html></html>") as unknown as { document: NonNullable<Plot.PlotOptions["document"]> })
    .document;
}
