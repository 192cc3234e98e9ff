import assert from "node:assert/strict";
import fc from "fast-check";
import { SHAPES } from "../../src/data/sdf.ts";
import { isInside, OUTLINE_STEP, sampleOutline } from "./outlines.ts";

/** Points tried for each shape. */
const RUNS = 1000;

const names = [
  "circle",
  "ring",
  "square",
  "triangle",
  "star",
  "cross",
  "heart",
  "crescent",
  "hexagon",
  "arrow",
];

Deno.test("SHAPES are the ten classes in the order of their labels", () => {
  assert.deepEqual(SHAPES.map(({ name }) => name), names);
});

for (const { name, distance } of SHAPES) {
  const outline = sampleOutline(name);

  Deno.test(`the distance of ${name} is zero on its outline`, () => {
    for (const [x, y] of outline) assert.ok(Math.abs(distance(x, y)) < 1e-9, `${x}, ${y}: ${distance(x, y)}`);
  });

  Deno.test(`the distance of ${name} is the distance to the nearest point of its outline`, () => {
    fc.assert(
      fc.property(coordinate(), coordinate(), (x, y) => {
        const nearest = Math.sqrt(Math.min(...outline.map(([ox, oy]) => (x - ox) ** 2 + (y - oy) ** 2)));
        const off = nearest - Math.abs(distance(x, y));
        assert.ok(off > -1e-9 && off < OUTLINE_STEP, `at ${x}, ${y}: off by ${off}`);
      }),
      { numRuns: RUNS },
    );
  });

  Deno.test(`the distance of ${name} is negative exactly inside`, () => {
    fc.assert(
      fc.property(coordinate(), coordinate(), (x, y) => {
        fc.pre(Math.abs(distance(x, y)) > OUTLINE_STEP);
        assert.equal(distance(x, y) < 0, isInside(name, x, y), `${x}, ${y}`);
      }),
      { numRuns: RUNS },
    );
  });

  Deno.test(`${name} fits the unit circle and touches it`, () => {
    const radii = outline.map(([x, y]) => Math.hypot(x, y));
    const farthest = radii.reduce((a, b) => Math.max(a, b));
    assert.ok(Math.abs(farthest - 1) < OUTLINE_STEP, `${farthest}`);
  });
}

function coordinate(): fc.Arbitrary<number> {
  return fc.integer({ min: -1500, max: 1500 }).map((thousandths) => thousandths / 1000);
}
