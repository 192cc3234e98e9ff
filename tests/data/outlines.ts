/**
 * The ten shapes again, by other means than the signed distances: outlines from trigonometry, insides from the
 * definitions of the sets.
 *
 * @module
 */

/** A point of the plane. */
export type Point = readonly [x: number, y: number];

/** Distance between neighbouring points of a sampled outline. */
export const OUTLINE_STEP = 0.002;

const heartUnit = (0.625 - 0.125) / (1.5 - Math.SQRT1_2);
const crescentTip: Point = [0.61, Math.sqrt(1 - 0.61 ** 2)];
const corners: Record<string, Point[]> = {
  square: regular(4, [1]),
  triangle: regular(3, [1]),
  hexagon: regular(6, [1]),
  star: regular(10, [1, 0.42]),
  cross: plus(0.28, Math.sqrt(1 - 0.28 ** 2)),
  arrow: mirror([[0, 1], [0.7, 0.15], [0.2, 0.15], [0.2, -Math.sqrt(0.96)]]),
};

/** Points all along the outline of a shape. */
export function sampleOutline(name: string): Point[] {
  switch (name) {
    case "circle":
      return arc(0, 0, 1, 0, 360);
    case "ring":
      return [...arc(0, 0, 1, 0, 360), ...arc(0, 0, 0.55, 0, 360)];
    case "crescent": {
      const outer = Math.atan2(crescentTip[1], crescentTip[0]) * 180 / Math.PI;
      const inner = Math.atan2(crescentTip[1], crescentTip[0] - 0.5) * 180 / Math.PI;
      return [...arc(0, 0, 1, outer, 360 - outer), ...arc(0.5, 0, 0.8, inner, 360 - inner)];
    }
    case "heart": {
      const right = [...segment([0, 0], [0.5, 0.5]), ...arc(0.25, 0.75, Math.SQRT2 / 4, -45, 135)];
      return right.flatMap(([x, y]): Point[] => {
        return [[x / heartUnit, y / heartUnit - 1], [-x / heartUnit, y / heartUnit - 1]];
      });
    }
    default: {
      const vertices = corners[name]!;
      return vertices.flatMap((from, i) => segment(from, vertices[(i + 1) % vertices.length]!));
    }
  }
}

/** Whether a point lies in a shape. */
export function isInside(name: string, x: number, y: number): boolean {
  switch (name) {
    case "circle":
      return Math.hypot(x, y) < 1;
    case "ring":
      return Math.hypot(x, y) < 1 && Math.hypot(x, y) > 0.55;
    case "crescent":
      return Math.hypot(x, y) < 1 && Math.hypot(x - 0.5, y) > 0.8;
    case "heart": {
      const [hx, hy] = [Math.abs(x) * heartUnit, (y + 1) * heartUnit];
      return Math.hypot(hx - 0.25, hy - 0.75) < Math.SQRT2 / 4 || (hy > hx && hx + hy < 1);
    }
    default: {
      const vertices = corners[name]!;
      const crossings = vertices.filter(([ax, ay], i) => {
        const [bx, by] = vertices[(i + 1) % vertices.length]!;
        return (ay > y) !== (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax);
      });
      return crossings.length % 2 === 1;
    }
  }
}

function arc(cx: number, cy: number, radius: number, fromDegrees: number, toDegrees: number): Point[] {
  const [from, to] = [fromDegrees * Math.PI / 180, toDegrees * Math.PI / 180];
  const count = Math.ceil(radius * (to - from) / OUTLINE_STEP);
  return Array.from({ length: count + 1 }, (_, i) => {
    const angle = from + (to - from) * i / count;
    return [cx + radius * Math.cos(angle), cy + radius * Math.sin(angle)];
  });
}

function segment([ax, ay]: Point, [bx, by]: Point): Point[] {
  const count = Math.ceil(Math.hypot(bx - ax, by - ay) / OUTLINE_STEP);
  return Array.from(
    { length: count + 1 },
    (_, i) => [ax + (bx - ax) * i / count, ay + (by - ay) * i / count],
  );
}

function regular(count: number, radii: number[]): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = Math.PI / 2 + 2 * Math.PI * i / count;
    const radius = radii[i % radii.length]!;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

function plus(w: number, l: number): Point[] {
  const quarter: Point[] = [[l, -w], [l, w], [w, w]];
  return [0, 1, 2, 3].flatMap((turn) =>
    quarter.map(([x, y]): Point => [[x, y], [-y, x], [-x, -y], [y, -x]][turn] as unknown as Point)
  );
}

function mirror(right: Point[]): Point[] {
  return [...right, ...right.slice(1).reverse().map(([x, y]): Point => [-x, y])];
}
