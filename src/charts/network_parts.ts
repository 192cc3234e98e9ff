/**
 * The shapes that a picture of a network is made of: boxes, joins, lines, badges and text, as SVG elements.
 *
 * @module
 */
import type { BandNode } from "../inspect/bands.ts";
import type { Role } from "../inspect/labels.ts";
import { escapeXml, MUTED, SERIES_COLORS } from "./card.ts";

/* All sizes in px. */
export const BOX_HEIGHT = 22;
const BOX_PADDING = 14;
const LEAST_BOX_WIDTH = 40;
const JOIN_RADIUS = 10;
const BADGE_RADIUS = 8;
const LABEL_SIZE = 11;
/** Mean width of a character at {@link LABEL_SIZE}. */
const CHARACTER_WIDTH = 6.3;

/** Opaque, so that lines may lie on one another. */
export const LINE_COLOR = SERIES_COLORS[1];

const [CONVOLUTION_COLOR, NORMALIZATION_COLOR, REFUSED_COLOR, , POOLING_COLOR] = SERIES_COLORS;

/** What the colours mean. */
export const COLOR_KEY = [
  { label: "convolution", color: CONVOLUTION_COLOR },
  { label: "normalization", color: NORMALIZATION_COLOR },
  { label: "pooling", color: POOLING_COLOR },
] as const;

/** The entry of the key for a layer that did not merge. */
export const REFUSED_KEY = { label: "not merged", color: REFUSED_COLOR } as const;

const COLORS: Readonly<Partial<Record<Role, string>>> = {
  convolution: CONVOLUTION_COLOR,
  normalization: NORMALIZATION_COLOR,
  pooling: POOLING_COLOR,
};

/** A point of the picture, px from its upper left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How wide a text of small letters is, about. */
export function textWidth(text: string): number {
  return text.length * CHARACTER_WIDTH;
}

/** How wide the boxes of some nodes must be to hold their labels. */
export function boxWidth(nodes: readonly BandNode[]): number {
  return Math.max(LEAST_BOX_WIDTH, ...nodes.map(({ label }) => Math.ceil(textWidth(label)) + BOX_PADDING));
}

/** Half the width of what {@link drawNode} draws: where a line may touch its side. */
export function halfWidth(node: BandNode, width: number): number {
  return isSign(node) ? JOIN_RADIUS : width / 2;
}

/**
 * A layer: a box with its label, or a circle with the sign of a join.
 *
 * @param center The middle of the box.
 * @param width Of the box.
 * @param refusal The number of the remark about it, for a layer that did not merge.
 */
export function drawNode(node: BandNode, center: Point, width: number, refusal?: number): string {
  const { x, y } = center;
  const color = refusal === undefined ? COLORS[node.role] : REFUSED_COLOR;
  const paint = color === undefined
    ? `fill="none" stroke="${LINE_COLOR}"`
    : `fill="${color}" fill-opacity="0.18" stroke="${color}"`;
  const dashes = node.role === "padding" ? ` stroke-dasharray="3 2"` : "";
  const weight = refusal === undefined ? "" : ` stroke-width="2"`;
  const rounding = node.role === "activation" || node.role === "input" ? BOX_HEIGHT / 2 : 4;
  const shape = isSign(node)
    ? `<circle cx="${x}" cy="${y}" r="${JOIN_RADIUS}" ${paint}${weight}/>`
    : `<rect x="${x - width / 2}" y="${y - BOX_HEIGHT / 2}" width="${width}" height="${BOX_HEIGHT}" ` +
      `rx="${rounding}" ${paint}${dashes}${weight}/>`;
  const badge = refusal === undefined
    ? ""
    : drawBadge({ x: x + halfWidth(node, width), y: y - BOX_HEIGHT / 2 }, refusal);
  return shape + drawLabel(node.label, { x, y: y + 4 }, `text-anchor="middle"`) + badge;
}

/** A line along some points, from one that is above to one that is below; it bends at right angles. */
export function drawLine(points: readonly Point[]): string {
  const [start, ...rest] = points;
  const path = rest.map(({ x, y }) => `L${x} ${y}`).join("");
  return `<path d="M${start!.x} ${start!.y}${path}" fill="none" stroke="${LINE_COLOR}"/>`;
}

/** An arrow from left to right. */
export function drawArrow({ x, y }: Point, length: number): string {
  const end = x + length;
  return `<path d="M${x} ${y}H${end}M${end - 6} ${y - 4}L${end} ${y}L${end - 6} ${
    y + 4
  }" fill="none" stroke="currentColor" stroke-width="1.5"/>`;
}

/** The ground on which the layers of a region stand. */
export function drawGround(left: number, top: number, width: number, height: number): string {
  return `<rect x="${left}" y="${top}" width="${width}" height="${height}" rx="8" fill="currentColor" ` +
    `fill-opacity="0.05"/>`;
}

/** A number on a disc, which leads from a layer to the remark about it. */
export function drawBadge({ x, y }: Point, number: number): string {
  return `<circle cx="${x}" cy="${y}" r="${BADGE_RADIUS}" fill="${REFUSED_COLOR}"/>` +
    `<text x="${x}" y="${
      y + 3.5
    }" font-size="10" font-weight="700" fill="#ffffff" text-anchor="middle">${number}</text>`;
}

/** Small text. */
export function drawLabel(text: string, { x, y }: Point, attributes = ""): string {
  return `<text x="${x}" y="${y}" font-size="${LABEL_SIZE}" ${attributes}>${escapeXml(text)}</text>`;
}

/** Small quiet text. */
export function drawQuietLabel(text: string, at: Point): string {
  return drawLabel(text, at, MUTED);
}

function isSign({ role, label }: BandNode): boolean {
  return role === "join" && label.length === 1;
}
