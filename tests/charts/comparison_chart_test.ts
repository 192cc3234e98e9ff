import assert from "node:assert/strict";
import { renderComparison } from "../../src/charts/comparison_chart.ts";
import { readSvg, textsOf } from "./read_svg.ts";

/** The numbers in the path of each line. */
function linesOf(svg: string): number[][] {
  return readSvg(svg)
    .filter(({ name, attributes }) => name === "path" && attributes["d"]?.startsWith("M") === true)
    .filter(({ attributes }) => !attributes["d"]!.startsWith("M0,0"))
    .map(({ attributes }) => attributes["d"]!.match(/-?[\d.]+/g)!.map(Number))
    .filter((numbers) => numbers.length >= 4);
}

const curve = (name: string, ...accuracies: number[]) => ({ name, accuracies });

Deno.test("renderComparison() draws a line for every run, named with what it ended at", () => {
  const svg = renderComparison(
    [curve("plain", 0.3, 0.5, 0.8), curve("wide", 0.4, 0.7, 0.9), curve("short", 0.2, 0.6)],
    "validation images",
  );
  assert.deepEqual(linesOf(svg).map((numbers) => numbers.length / 2), [3, 3, 2]);
  const texts = textsOf(readSvg(svg));
  for (const label of ["plain 80.0", "wide 90.0", "short 60.0"]) assert.ok(texts.includes(label), label);
  assert.ok(texts.some((text) => text.includes("validation images")));
});

Deno.test("renderComparison() moves labels apart that would lie on each other, the better above", () => {
  const names = ["a", "b", "c", "d"];
  const svg = renderComparison(names.map((name, i) => curve(name, 0.5, 0.9 + i / 1000)), "images");
  const places = [...svg.matchAll(/<text[^>]*transform="translate\([\d.]+,([\d.]+)\)"[^>]*>([a-d]) 90/g)]
    .map(([, y, name]) => ({ name, y: Number(y) }))
    .sort((p, q) => p.y - q.y);
  assert.deepEqual(places.map(({ name }) => name), ["d", "c", "b", "a"]);
  places.slice(1).forEach(({ y }, i) => assert.ok(y - places[i]!.y >= 10, `${y} and ${places[i]!.y}`));
});

Deno.test("renderComparison() draws more runs than there are colours, runs of one epoch, and values that are not finite", () => {
  const many = Array.from({ length: 12 }, (_, i) => curve(`run ${i}`, 0.1 + i / 20, 0.2 + i / 20));
  assert.equal(new Set(linesOf(renderComparison(many, "images")).map(String)).size, 12);
  for (const curves of [[curve("one", 0.5)], [curve("gap", 0.5, NaN, 0.7)]]) {
    assert.doesNotMatch(renderComparison(curves, "images"), /NaN|undefined|Infinity/);
  }
});

Deno.test("renderComparison() throws a RangeError when there is nothing to draw", () => {
  assert.throws(() => renderComparison([], "images"), RangeError);
  assert.throws(() => renderComparison([curve("none")], "images"), RangeError);
});
