/**
 * A network before and after fusion, side by side: every region of the training form beside the layer that it became, what
 * that saved, and a remark for every layer that did not merge. Blocks that repeat are drawn once.
 *
 * @module
 */
import type { RefusedMerge } from "../fuse/report.ts";
import type { Band } from "../inspect/bands.ts";
import type { BeforeAfter, InspectedRegion, Inspection } from "../inspect/inspect.ts";
import { CARD_MARGIN, escapeXml, HEADER_HEIGHT, renderCard } from "./card.ts";
import {
  COLOR_KEY,
  drawArrow,
  drawBadge,
  drawLabel,
  drawQuietLabel,
  LINE_COLOR,
  REFUSED_KEY,
  textWidth,
} from "./network_parts.ts";
import { drawSide, lanesWidth, layOutSide } from "./network_side.ts";
import { findRepetitions, type Repetition } from "./repetitions.ts";

/* All sizes in px. */
/** Room for the headings and the key in one line. */
const LEAST_WIDTH = 720;
const HEADING_HEIGHT = 26;
const BAND_GAP = 16;
const ARROW_WIDTH = 44;
const ARROW_MARGIN = 14;
const TEXT_MARGIN = 20;
const TEXT_WIDTH = 250;
const LINE_HEIGHT = 15;
/** Three lines of text beside a region. */
const LEAST_REGION_HEIGHT = 3 * LINE_HEIGHT;
const BRACKET_WIDTH = 40;
const REMARK_INDENT = 24;
const REMARK_GAP = 6;
/** More would make a page of it; the task prints them all. */
const MOST_REMARKS = 12;

/** A band of the picture. */
interface Row {
  readonly band: Band;
  readonly index: number;
  readonly region: InspectedRegion | undefined;
}

/**
 * Draws a network before and after fusion.
 *
 * @param inspection What `inspect` found.
 * @param name What the network is called.
 * @returns SVG text.
 */
export function renderNetwork(inspection: Inspection, name: string): string {
  const { bands } = inspection;
  const refused = new Set(inspection.refusals.map(({ layer }) => layer));
  const repetitions = findRepetitions(bands, (layer) => refused.has(layer));
  const rows = rowsOf(inspection, repetitions);
  const shownAs = (index: number) => {
    const { start, length } = repetitions.findLast((repetition) => repetition.start <= index)!;
    return start + (index - start) % length;
  };
  const [before, after] = (["training", "fused"] as const).map((form) =>
    layOutSide(
      rows.map(({ band, index }) => ({
        band,
        index,
        sources: [...new Set((form === "training" ? band.sources : band.fusedSources).map(shownAs))],
      })),
      form,
    )
  ) as [ReturnType<typeof layOutSide>, ReturnType<typeof layOutSide>];

  const heights = rows.map(({ band }, i) =>
    Math.max(
      before.bands[i]!.height,
      after.bands[i]!.height,
      band.kind === "merged" ? LEAST_REGION_HEIGHT : 0,
    )
  );
  const tops: number[] = [];
  let bottom = HEADER_HEIGHT + HEADING_HEIGHT;
  for (const height of heights) {
    tops.push(bottom);
    bottom += height + BAND_GAP;
  }

  const vertical = { tops, heights };
  const left = CARD_MARGIN + lanesWidth(before, vertical);
  const arrowAt = left + before.width + ARROW_MARGIN;
  const right = arrowAt + ARROW_WIDTH + ARROW_MARGIN;
  const textAt = right + after.width + lanesWidth(after, vertical) + TEXT_MARGIN;
  const width = Math.max(LEAST_WIDTH, textAt + TEXT_WIDTH + BRACKET_WIDTH + CARD_MARGIN);
  const remarks = numberRemarks(inspection.refusals, rows);
  const footer = drawRemarks(inspection.refusals, remarks, bottom, width - 2 * CARD_MARGIN);

  const content = [
    ...drawHeadings(inspection, left, right, width - CARD_MARGIN),
    ...drawSide(before, { ...vertical, axis: left + before.width / 2, lanes: "left", remarks }),
    ...drawSide(after, { ...vertical, axis: right + after.width / 2, lanes: "right", remarks: new Map() }),
    ...rows.flatMap((row, i) => {
      const middle = tops[i]! + heights[i]! / 2;
      const arrow = row.region === undefined ? [] : [drawArrow({ x: arrowAt, y: middle }, ARROW_WIDTH)];
      return [
        ...arrow,
        ...describe(row).map((line, n, lines) => {
          const at = { x: textAt, y: middle + 4 + (n - (lines.length - 1) / 2) * LINE_HEIGHT };
          return n === 0 && row.region !== undefined
            ? drawLabel(line, at, `font-weight="600"`)
            : drawQuietLabel(line, at);
        }),
      ];
    }),
    ...repetitions.flatMap((repetition) => {
      const first = rows.findIndex(({ index }) => index === repetition.start);
      const last = first + repetition.length - 1;
      const span = [tops[first]!, tops[last]! + heights[last]!] as const;
      return repetition.count === 1 ? [] : [drawBracket(textAt + TEXT_WIDTH, span, repetition.count)];
    }),
    ...footer.content,
  ];
  return renderCard({
    title: `${name}: training form and deploy form`,
    subtitle: describeWhole(inspection),
    width: Math.ceil(width),
    height: Math.ceil(footer.bottom + CARD_MARGIN),
  }, content);
}

function rowsOf({ bands, regions }: Inspection, repetitions: readonly Repetition[]): readonly Row[] {
  return repetitions.flatMap(({ start, length }) =>
    bands.slice(start, start + length).map((band, i) => ({
      band,
      index: start + i,
      region: regions.find(({ name }) => band.kind === "merged" && name === band.name),
    }))
  );
}

function drawHeadings({ refusals }: Inspection, left: number, right: number, end: number): string[] {
  const y = HEADER_HEIGHT + 4;
  const entries = [...COLOR_KEY, ...(refusals.length === 0 ? [] : [REFUSED_KEY])];
  const key = entries.map(({ label, color }, i) =>
    `<tspan dx="${i === 0 ? 0 : 12}" fill="${color}">●</tspan><tspan dx="4">${escapeXml(label)}</tspan>`
  );
  return [
    `<text x="${left}" y="${y}" font-weight="600">Training form</text>`,
    `<text x="${right}" y="${y}" font-weight="600">Deploy form</text>`,
    `<text x="${end}" y="${y}" font-size="11" text-anchor="end">${key.join("")}</text>`,
  ];
}

/** What stands beside a band. */
function describe({ band, region }: Row): string[] {
  if (band.kind === "removed") return [`${band.name}: nothing to do at inference`];
  if (region === undefined) return [band.name];
  const { layers, parameters, macs: { before, after } } = region;
  const work = before === null || after === null ? [] : [`${change({ before, after })} MACs`];
  return [
    region.name,
    `${change(layers)} ${layers.after === 1 ? "layer" : "layers"}, ${change(parameters)} parameters`,
    ...work,
  ];
}

function describeWhole({ before, after }: Inspection): string {
  const figures = [
    `${change({ before: before.layers, after: after.layers })} layers`,
    `${change({ before: before.parameters, after: after.parameters })} parameters`,
  ];
  if (before.macs !== null && after.macs !== null) {
    const work = { before: before.macs, after: after.macs };
    figures.push(`${change(work)} MACs per image`);
  }
  return figures.join(" · ");
}

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

function change({ before, after }: BeforeAfter): string {
  return `${COMPACT.format(before)} → ${COMPACT.format(after)}`;
}

function drawBracket(x: number, [top, bottom]: readonly [number, number], count: number): string {
  return `<path d="M${x} ${top}h6V${bottom}h-6" fill="none" stroke="${LINE_COLOR}"/>` +
    drawLabel(`×${count}`, { x: x + 12, y: (top + bottom) / 2 + 4 }, `font-weight="600"`);
}

/** One number for every refused layer that the picture shows. */
function numberRemarks(refusals: readonly RefusedMerge[], rows: readonly Row[]): ReadonlyMap<string, number> {
  const shown = new Set(rows.flatMap(({ band }) => band.training.map(({ layer }) => layer)));
  const layers = [...new Set(refusals.map(({ layer }) => layer))].filter((layer) => shown.has(layer));
  return new Map(layers.slice(0, MOST_REMARKS).map((layer, i) => [layer, i + 1]));
}

function drawRemarks(
  refusals: readonly RefusedMerge[],
  numbers: ReadonlyMap<string, number>,
  top: number,
  width: number,
): { content: string[]; bottom: number } {
  const content: string[] = [];
  let y = top + LINE_HEIGHT;
  const told = refusals.filter(({ layer }) => numbers.has(layer));
  for (const { layer, reason, advice } of told) {
    const number = numbers.get(layer)!;
    content.push(drawBadge({ x: CARD_MARGIN + 8, y: y - 4 }, number));
    for (const line of wrap(`${layer}: ${reason}. ${advice}`, width - REMARK_INDENT)) {
      content.push(drawLabel(line, { x: CARD_MARGIN + REMARK_INDENT, y }));
      y += LINE_HEIGHT;
    }
    y += REMARK_GAP;
  }
  if (told.length < refusals.length) {
    const more = refusals.length - told.length;
    content.push(drawQuietLabel(`and ${more} more that inspect lists`, { x: CARD_MARGIN, y }));
    y += LINE_HEIGHT;
  }
  return { content, bottom: refusals.length === 0 ? top - BAND_GAP : y - LINE_HEIGHT };
}

/** The text in lines that fit a width, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)!} ${word}`;
    if (lines.length === 0 || textWidth(longer) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
