/**
 * The card that every picture stands on: its border, its title and subtitle, and the colours, in a form that reads on
 * light and on dark pages. It knows no drawing library.
 *
 * The card is opaque, so a picture reads on any page. Its colours are presentation attributes (light), which every
 * renderer knows; a browser whose user prefers dark overrides them by a media query. Marks keep to {@link SERIES_COLORS},
 * which stand out from both cards.
 *
 * @module
 */

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

/** Attributes of quiet text. */
export const MUTED = `class="muted" fill="${LIGHT.muted}"`;

/** What stands on a card. */
export interface Card {
  /** What the picture is about, in large letters. */
  readonly title: string;
  /** What was done where, in small letters. */
  readonly subtitle: string;
  /** px */
  readonly width: number;
  /** px */
  readonly height: number;
}

/**
 * The SVG text of a card: one file that needs no other.
 *
 * @param card Titles and size.
 * @param content SVG elements, drawn over the card.
 */
export function renderCard(card: Card, content: readonly string[]): string {
  const { width, height } = card;
  const title = escapeXml(card.title);
  const subtitle = escapeXml(card.subtitle);
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
    `<text x="${CARD_MARGIN}" y="51" ${MUTED}>${subtitle}</text>`,
    ...content,
    "</svg>\n",
  ].join("");
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
export function escapeXml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return withoutForbiddenCharacters(text).replace(/[&<>"]/g, (character) => entities[character]!);
}

/** XML 1.0 has no way to write most control characters, not even escaped. */
export function withoutForbiddenCharacters(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
}
