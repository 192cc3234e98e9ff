import assert from "node:assert/strict";
import { type EpochMetrics, renderCurves } from "../../src/charts/curves.ts";
import { readSvg, textsOf } from "./read_svg.ts";

function epochs(count: number, more: Partial<EpochMetrics> = {}): EpochMetrics[] {
  return Array.from({ length: count }, (_, i) => ({
    epoch: i + 1,
    trainingLoss: 2 / (i + 1),
    trainingAccuracy: 0.9 - 0.5 / (i + 1),
    learningRate: 0.1 * (1 - i / count),
    ...more,
  }));
}

/** The horizontal positions in the path of each curve. */
function curvesOf(svg: string): number[][] {
  return [...svg.matchAll(/<path d="(M[^"Z]*)"[^>]*\/><\/g>/g)].map((match) => match[1]!)
    .filter((path) => !/^M0,0[L]/.test(path))
    .map((path) => [...path.matchAll(/[ML]([\d.]+),/g)].map((point) => Number(point[1])));
}

Deno.test("renderCurves() draws one point per epoch in each of three curves", () => {
  const svg = renderCurves(epochs(7), "toy on shapes10");
  const dots = readSvg(svg).filter(({ name, attributes }) => name === "circle" && attributes["r"] === "2.5");
  assert.equal(dots.length, 3 * 7);
  const curves = curvesOf(svg);
  assert.deepEqual(curves.map((points) => points.length), [7, 7, 7]);
  for (const points of curves) assert.deepEqual(points, points.toSorted((a, b) => a - b));
});

Deno.test("renderCurves() adds loss and accuracy on validation images when they were measured", () => {
  const svg = renderCurves(epochs(7, { validationLoss: 0.5, validationAccuracy: 0.5 }), "toy");
  assert.equal(curvesOf(svg).length, 5);
  assert.ok(textsOf(readSvg(svg)).includes("validation"));
  assert.ok(!textsOf(readSvg(renderCurves(epochs(7), "toy"))).some((text) => text.startsWith("validation")));
});

Deno.test("renderCurves() names the first epoch with the best accuracy", () => {
  const rows = epochs(5).map((row, i) => ({
    ...row,
    validationAccuracy: [0.5, 0.9, 0.9835, 0.9835, 0.97][i]!,
  }));
  assert.ok(textsOf(readSvg(renderCurves(rows, "toy"))).includes("validation (98.35 at epoch 3)"));
});

Deno.test("renderCurves() draws a run of one epoch, a long one, and one whose loss was not finite", () => {
  for (
    const rows of [epochs(1), epochs(12345), [...epochs(3, { validationLoss: NaN, trainingLoss: Infinity })]]
  ) {
    const svg = renderCurves(rows, "toy");
    readSvg(svg);
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  }
});

Deno.test("renderCurves() marks whole epochs at even steps, eleven at most", () => {
  const expected: [number, number[]][] = [
    [1, [1]],
    [11, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    [12, [2, 4, 6, 8, 10, 12]],
    [60, [10, 20, 30, 40, 50, 60]],
    [300, [50, 100, 150, 200, 250, 300]],
  ];
  for (const [count, ticks] of expected) {
    const labels = renderCurves(epochs(count), "toy").match(/aria-label="x-axis tick label">(.*?)<\/g>/)![1]!;
    assert.deepEqual([...labels.matchAll(/>(\d+)</g)].map((match) => Number(match[1])), ticks);
  }
});

Deno.test("renderCurves() throws a RangeError when no epoch is finished", () => {
  assert.throws(() => renderCurves([], "toy"), RangeError);
});
