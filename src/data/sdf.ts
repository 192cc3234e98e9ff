/**
 * Signed distance functions of the ten shapes of Shapes10: negative inside, zero on the outline, positive outside.
 * Every shape fits the unit circle around the origin and touches it, so a scale in pixels is its radius. All distances
 * are exact, which makes anti-aliasing one subtraction. After Inigo Quilez, "2D distance functions"
 * (https://iquilezles.org/articles/distfunctions2d/). Only operations that IEEE 754 rounds exactly are used.
 *
 * @module
 */
import { direction, type Vector } from "./rotation.ts";

/** The distance from a point to the outline of a shape, negative inside. */
export type SignedDistance = (x: number, y: number) => number;

/** A disc of radius 1. */
export function circle(): SignedDistance {
  return (x, y) => length(x, y) - 1;
}

/** A disc of radius 1 with a hole in its middle. */
export function ring(holeRadius: number): SignedDistance {
  const middle = (1 + holeRadius) / 2;
  const halfWidth = (1 - holeRadius) / 2;
  return (x, y) => Math.abs(length(x, y) - middle) - halfWidth;
}

/** A simple polygon, convex or not, in either orientation. */
function polygon(vertices: readonly Vector[]): SignedDistance {
  const edges = vertices.map((from, i) => {
    const to = vertices[(i + 1) % vertices.length]!;
    const ex = to.x - from.x;
    const ey = to.y - from.y;
    return { fromX: from.x, fromY: from.y, toY: to.y, ex, ey, squaredLength: ex * ex + ey * ey };
  });
  return (x, y) => {
    let squaredDistance = Infinity;
    let sign = 1;
    for (const { fromX, fromY, toY, ex, ey, squaredLength } of edges) {
      const wx = x - fromX;
      const wy = y - fromY;
      const along = clampToUnit((wx * ex + wy * ey) / squaredLength);
      const bx = wx - ex * along;
      const by = wy - ey * along;
      squaredDistance = Math.min(squaredDistance, bx * bx + by * by);
      // The winding rule: the ray to the right crosses this edge upward, or downward.
      const left = ex * wy > ey * wx;
      if ((y >= fromY && y < toY && left) || (y < fromY && y >= toY && !left)) sign = -sign;
    }
    return sign * Math.sqrt(squaredDistance);
  };
}

/** A polygon whose corners lie at whole degrees on circles whose radii repeat: one radius is regular, two a star. */
function radialPolygon(corners: number, ...radii: readonly number[]): SignedDistance {
  return polygon(Array.from({ length: corners }, (_, i) => {
    const { x, y } = direction(90 + i * 360 / corners);
    const radius = radii[i % radii.length]!;
    return { x: x * radius, y: y * radius };
  }));
}

/** A plus sign. */
export function cross(halfWidth: number): SignedDistance {
  const w = halfWidth;
  const l = Math.sqrt(1 - w * w);
  return polygon([
    { x: w, y: l },
    { x: w, y: w },
    { x: l, y: w },
    { x: l, y: -w },
    { x: w, y: -w },
    { x: w, y: -l },
    { x: -w, y: -l },
    { x: -w, y: -w },
    { x: -l, y: -w },
    { x: -l, y: w },
    { x: -w, y: w },
    { x: -w, y: l },
  ]);
}

/** An arrow that points along +y. `neckY` is where the head ends and the shaft begins. */
export function arrow(shaftHalfWidth: number, headHalfWidth: number, neckY: number): SignedDistance {
  const tailY = -Math.sqrt(1 - shaftHalfWidth * shaftHalfWidth);
  return polygon([
    { x: 0, y: 1 },
    { x: headHalfWidth, y: neckY },
    { x: shaftHalfWidth, y: neckY },
    { x: shaftHalfWidth, y: tailY },
    { x: -shaftHalfWidth, y: tailY },
    { x: -shaftHalfWidth, y: neckY },
    { x: -headHalfWidth, y: neckY },
  ]);
}

/** The unit disc less a disc of radius `biteRadius` whose centre lies at (`biteX`, 0). */
export function crescent(biteX: number, biteRadius: number): SignedDistance {
  const tipX = (1 - biteRadius * biteRadius + biteX * biteX) / (2 * biteX);
  const tipY = Math.sqrt(1 - tipX * tipX);
  return (x, signedY) => {
    const y = Math.abs(signedY);
    if (x * tipY - y * tipX > biteX * Math.max(tipY - y, 0)) return length(x - tipX, y - tipY);
    return Math.max(length(x, y) - 1, biteRadius - length(x - biteX, y));
  };
}

/** A heart whose tip points along -y: a square on its corner and two half discs on its upper sides. */
export function heart(): SignedDistance {
  // In the article's units the tip is the origin and the lobes are discs of radius √2/4 around (±1/4, 3/4). The
  // smallest circle around them is centred at (0, r) and has radius r: it touches the tip and both lobes.
  const lobe = Math.SQRT2 / 4;
  const r = (5 / 8 - lobe * lobe) / (1.5 - 2 * lobe);
  return (unitX, unitY) => {
    const x = Math.abs(unitX) * r;
    const y = unitY * r + r;
    if (x + y > 1) return (length(x - 0.25, y - 0.75) - lobe) / r;
    const along = 0.5 * Math.max(x + y, 0);
    const distance = Math.min(length(x, y - 1), length(x - along, y - along));
    return (x > y ? distance : -distance) / r;
  };
}

/** The ten shapes by class name, in the order of their labels. */
export const SHAPES: readonly { readonly name: string; readonly distance: SignedDistance }[] = [
  { name: "circle", distance: circle() },
  { name: "ring", distance: ring(0.55) },
  { name: "square", distance: radialPolygon(4, 1) },
  { name: "triangle", distance: radialPolygon(3, 1) },
  { name: "star", distance: radialPolygon(10, 1, 0.42) },
  { name: "cross", distance: cross(0.28) },
  { name: "heart", distance: heart() },
  { name: "crescent", distance: crescent(0.5, 0.8) },
  { name: "hexagon", distance: radialPolygon(6, 1) },
  { name: "arrow", distance: arrow(0.2, 0.7, 0.15) },
];

function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

function clampToUnit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
