/**
 * One column of the picture of a network: the bands of one form from top to bottom, with the lines between them.
 *
 * @module
 */
import type { Band, BandNode } from "../inspect/bands.ts";
import { type BranchLayout, layOutBranches } from "./branch_layout.ts";
import { assignLanes } from "./lanes.ts";
import {
  BOX_HEIGHT,
  boxWidth,
  drawGround,
  drawLine,
  drawNode,
  halfWidth,
  type Point,
} from "./network_parts.ts";

/* All sizes in px. */
const ROW_PITCH = 36;
const COLUMN_GAP = 12;
/** Above and below the layers of a band, where lines fan out and come together. */
const FAN_HEIGHT = 14;
/** From the edge of a band that is left out of line to where its line turns aside. */
const TURN = 5;
const LANE_PITCH = 10;
/** Between a region's layers and the edge of its ground. */
const GROUND_MARGIN = 10;

/** A band of one form, laid out. */
export interface SideBand {
  /** Its index in the network. */
  readonly index: number;
  readonly nodes: readonly BandNode[];
  /** Indices of the bands that it reads. */
  readonly sources: readonly number[];
  readonly isRegion: boolean;
  readonly layout: BranchLayout;
  readonly boxWidth: number;
  /** px */
  readonly width: number;
  /** px */
  readonly height: number;
}

/** A line that leaves the column to pass other bands by. */
interface Detour {
  readonly from: number;
  readonly to: number;
  readonly lane: number;
}

/** One form, laid out, all but its place in the picture. */
export interface Side {
  readonly bands: readonly SideBand[];
  /** Width of the widest band, px. */
  readonly width: number;
}

/** Where a side stands. */
export interface SidePlace {
  /** The line on which the middles of all bands stand, px. */
  readonly axis: number;
  /** The upper edge of every band, by its place in the side, px. */
  readonly tops: readonly number[];
  /** The height that is set aside for every band, px. */
  readonly heights: readonly number[];
  /** Where lines pass bands by. */
  readonly lanes: "left" | "right";
  /** Numbers of remarks, by layer. */
  readonly remarks: ReadonlyMap<string, number>;
}

/**
 * Lays out one form.
 *
 * @param bands The bands that the picture shows.
 * @param form Which of the two.
 */
export function layOutSide(
  bands: readonly { readonly band: Band; readonly index: number; readonly sources: readonly number[] }[],
  form: "training" | "fused",
): Side {
  const laidOut = bands.map(({ band, index, sources }): SideBand => {
    const nodes = band[form];
    const layout = layOutBranches(nodes);
    const width = boxWidth(nodes);
    const isRegion = form === "training" && band.kind === "merged";
    return {
      index,
      nodes,
      sources,
      isRegion,
      layout,
      boxWidth: width,
      width: layout.columns * (width + COLUMN_GAP) - COLUMN_GAP + (isRegion ? 2 * GROUND_MARGIN : 0),
      height: nodes.length === 0
        ? 0
        : (layout.rows - 1) * ROW_PITCH + BOX_HEIGHT + (nodes.length > 1 ? 2 * FAN_HEIGHT : 0),
    };
  });
  return { bands: laidOut, width: Math.max(0, ...laidOut.map(({ width }) => width)) };
}

/** How wide the lanes beside a side are, px. */
export function lanesWidth(side: Side, place: Pick<SidePlace, "tops" | "heights">): number {
  const lanes = detoursOf(side, place).map(({ lane }) => lane);
  return lanes.length === 0 ? 0 : (Math.max(...lanes) + 2) * LANE_PITCH;
}

/** The SVG elements of a side. */
export function drawSide(side: Side, place: SidePlace): string[] {
  const grounds = side.bands.flatMap((band, i) =>
    band.isRegion
      ? [drawGround(place.axis - band.width / 2, place.tops[i]!, band.width, place.heights[i]!)]
      : []
  );
  const through = side.bands.flatMap((_, i) => drawPassage(side, place, i));
  const detours = detoursOf(side, place).map((detour) => drawDetour(side, place, detour));
  const inner = side.bands.flatMap((_, i) => drawBand(side, place, i));
  return [...grounds, ...through, ...detours, ...inner];
}

/** The line from the band before, where the band reads it. */
function drawPassage(side: Side, { axis, tops, heights }: SidePlace, i: number): string[] {
  const before = inLine(side, i);
  if (before === undefined) return [];
  return [drawLine([{ x: axis, y: tops[before]! + heights[before]! }, { x: axis, y: tops[i]! }])];
}

/** The nearest band above, if the band reads it: a line can lead straight down from one to the other. */
function inLine({ bands }: Side, i: number): number | undefined {
  const above = bands.findLastIndex(({ nodes }, j) => j < i && nodes.length > 0);
  return above >= 0 && bands[i]!.sources.includes(bands[above]!.index) ? above : undefined;
}

function detoursOf(side: Side, { tops, heights }: Pick<SidePlace, "tops" | "heights">): Detour[] {
  const pairs = side.bands.flatMap(({ sources }, to) =>
    sources.map((source) => side.bands.findIndex(({ index }) => index === source))
      .filter((from) => from >= 0 && from !== inLine(side, to))
      .map((from) => ({ from, to }))
  );
  const lanes = assignLanes(
    pairs.map(({ from, to }) => ({ from: tops[from]! + heights[from]!, to: tops[to]! + heights[to]! / 2 })),
  );
  return pairs.map((pair, i) => ({ ...pair, lane: lanes[i]! }));
}

function drawDetour(side: Side, place: SidePlace, { from, to, lane }: Detour): string {
  const { axis, tops, heights } = place;
  const sign = place.lanes === "left" ? -1 : 1;
  const x = axis + sign * (side.width / 2 + (lane + 1) * LANE_PITCH);
  const start = tops[from]! + heights[from]!;
  const target = side.bands[to]!;
  const end = target.nodes.length === 1
    ? {
      x: axis + sign * halfWidth(target.nodes[0]!, target.boxWidth),
      y: tops[to]! + heights[to]! / 2,
    }
    : { x: axis, y: tops[to]! - TURN };
  return drawLine([
    { x: axis, y: start },
    { x: axis, y: start + TURN },
    { x, y: start + TURN },
    { x, y: end.y },
    end,
    ...(target.nodes.length === 1 ? [] : [{ x: axis, y: tops[to]! }]),
  ]);
}

/** The layers of one band and the lines between them. */
function drawBand(side: Side, { axis, tops, heights, remarks }: SidePlace, i: number): string[] {
  const { nodes, layout, boxWidth, sources } = side.bands[i]!;
  if (nodes.length === 0) return [];
  const [top, bottom] = [tops[i]!, tops[i]! + heights[i]!];
  const first = (top + bottom - (layout.rows - 1) * ROW_PITCH) / 2;
  const centers = layout.places.map(({ row, column }) => ({
    x: axis + column * (boxWidth + COLUMN_GAP),
    y: first + row * ROW_PITCH,
  }));
  const fromAbove = sources.length > 0 && (nodes.length > 1 || inLine(side, i) !== undefined);
  const isRead = nodes.map((_, n) => nodes.some(({ inputs }) => inputs.includes(n)));
  const isReadBelow = side.bands.some((other) => other.sources.includes(side.bands[i]!.index));
  const lines = nodes.flatMap((node, n) => {
    const own = node.inputs.map((input) => drawLine(route(centers, input, n, boxWidth)));
    const to = centers[n]!;
    if (node.readsOutside && fromAbove) {
      const bend = first - BOX_HEIGHT / 2 - FAN_HEIGHT / 2;
      const bends = to.x === axis ? [] : [{ x: axis, y: bend }, { x: to.x, y: bend }];
      own.push(drawLine([{ x: axis, y: top }, ...bends, { x: to.x, y: to.y - BOX_HEIGHT / 2 }]));
    }
    if (!isRead[n] && isReadBelow) {
      const bend = bottom - FAN_HEIGHT / 2;
      const bends = to.x === axis ? [] : [{ x: to.x, y: bend }, { x: axis, y: bend }];
      own.push(drawLine([{ x: to.x, y: to.y + BOX_HEIGHT / 2 }, ...bends, { x: axis, y: bottom }]));
    }
    return own;
  });
  return [
    ...lines,
    ...nodes.map((node, n) => drawNode(node, centers[n]!, boxWidth, remarks.get(node.layer))),
  ];
}

/** The line from one layer of a band to another, around those that stand between. */
function route(centers: readonly Point[], from: number, to: number, boxWidth: number): Point[] {
  const [start, end] = [centers[from]!, centers[to]!];
  const [out, into] = [{ x: start.x, y: start.y + BOX_HEIGHT / 2 }, { x: end.x, y: end.y - BOX_HEIGHT / 2 }];
  const gap = ROW_PITCH - BOX_HEIGHT;
  const isFree = (x: number) =>
    centers.every((other) =>
      other.y <= start.y || other.y >= end.y || Math.abs(other.x - x) > boxWidth / 2 + COLUMN_GAP / 3
    );
  if (isFree(start.x)) {
    return start.x === end.x ? [out, into] : [
      out,
      { x: start.x, y: into.y - gap / 2 },
      { x: end.x, y: into.y - gap / 2 },
      into,
    ];
  }
  const beside = (boxWidth + COLUMN_GAP) / 2 * (start.x < end.x ? -1 : 1);
  const x = isFree(end.x) ? end.x : end.x + beside;
  const turn = [out, { x: start.x, y: out.y + gap / 2 }, { x, y: out.y + gap / 2 }];
  return x === end.x ? [...turn, into] : [...turn, { x, y: end.y }, { x: end.x, y: end.y }];
}
