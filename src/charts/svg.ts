/**
 * From Observable Plot's description of a chart to one standalone SVG file, without a browser: linkedom lends Plot a
 * document, and the panels it draws are set on a card with a title.
 *
 * The card is opaque, so a chart reads on any page. Its colours are presentation attributes (light), which every renderer
 * knows; a browser whose user prefers dark overrides them by a media query. Marks keep to {@link SERIES_COLORS}, which
 * stand out from both cards.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Colours of data, in the order of use. Each has a contrast of at least 3 : 1 with the light and with the dark card. */
export const SERIES_COLORS = ["#4269d0", "#8a8f98", "#d9662b", "#2f9e55", "#a463c2"] as const;

/** Text size of axes, labels and headings of panels, px. */
export const TEXT_SIZE = 12;

/** Space between the edge of the card and what stands on it, px. */
export const CARD_MARGIN = 20;

/** Height of the title and the subtitle, above the first panel, px. */
export const HEADER_HEIGHT = 70;

const TITLE_SIZE = 16;
const FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";
const LIGHT = { card: "#ffffff", ink: "#1f2328", muted: "#59636e", edge: "#d1d9e0" };
const DARK = { card: "#151b23", ink: "#e6edf3", muted: "#9aa4af", edge: "#3d444d" };

/** For text that crosses lines: an outline in the colour of the card. */
export const HALO = { className: "halo", fill: "currentColor", stroke: LIGHT.card, strokeWidth: 4 } as const;

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
export interface Figure {
  /** What the picture is about, in large letters. */
  readonly title: string;
  /** What was done where, in small letters. */
  readonly subtitle: string;
  /** px */
  readonly width: number;
  /** px */
  readonly height: number;
  /** What is drawn below the header. */
  readonly panels: readonly Panel[];
}

/** Height of a panel's heading, px. */
export const HEADING_HEIGHT = 22;

/** The SVG text of a figure: one file that needs no other. */
export function renderFigure(figure: Figure): string {
  const { width, height } = figure;
  const title = escapeXml(figure.title);
  const subtitle = escapeXml(figure.subtitle);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="repfuse-chart" role="img" width="${width}" height="${height}"`,
    ` viewBox="0 0 ${width} ${height}" color="${LIGHT.ink}" fill="currentColor" font-family="${FONTS}"`,
    ` font-size="${TEXT_SIZE}">`,
    `<title>${title}</title><desc>${subtitle}</desc><style>${darkStyle()}</style>`,
    `<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${
      height - 1
    }" rx="8" fill="${LIGHT.card}"`,
    ` stroke="${LIGHT.edge}"/>`,
    `<text x="${CARD_MARGIN}" y="32" font-size="${TITLE_SIZE}" font-weight="600">${title}</text>`,
    `<text x="${CARD_MARGIN}" y="51" class="muted" fill="${LIGHT.muted}">${subtitle}</text>`,
    ...figure.panels.map(renderPanel),
    "</svg>\n",
  ].join("");
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

function darkStyle(): string {
  return "@media (prefers-color-scheme: dark) {" +
    `.repfuse-chart { color: ${DARK.ink}; }` +
    `.repfuse-chart .card { fill: ${DARK.card}; stroke: ${DARK.edge}; }` +
    `.repfuse-chart .halo { stroke: ${DARK.card}; }` +
    `.repfuse-chart .muted { fill: ${DARK.muted}; }` +
    "}";
}

/** The text as XML content or attribute value. */
function escapeXml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return withoutForbiddenCharacters(text).replace(/[&<>"]/g, (character) => entities[character]!);
}

/** XML 1.0 has no way to write most control characters, not even escaped. */
function withoutForbiddenCharacters(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
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
