import assert from "node:assert/strict";
import { renderDepths } from "../../src/charts/depth_chart.ts";
import { readSvg, textsOf } from "./read_svg.ts";

const point = (name: string, depth: number, mean: number) => ({
  name,
  depth,
  accuracy: { mean, low: mean - 0.01, high: mean + 0.01 },
});

Deno.test("renderDepths() draws a line and bars per form, named at its end", () => {
  const points = [6, 13, 21].flatMap((depth) => [point("plain", depth, 0.9), point("<wide>", depth, 0.91)]);
  const tags = readSvg(renderDepths(points, "toy on shapes10"));
  const texts = textsOf(tags);
  for (const text of ["plain", "&lt;wide&gt;", "6", "13", "21"]) assert.ok(texts.includes(text), text);
  assert.equal(tags.filter(({ name }) => name === "circle").length, 6);
});

Deno.test("renderDepths() draws one depth of one seed", () => {
  const svg = renderDepths(
    [{ name: "plain", depth: 6, accuracy: { mean: 1, low: null, high: null } }],
    "toy",
  );
  readSvg(svg);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

Deno.test("renderDepths() throws a RangeError when there is nothing", () => {
  assert.throws(() => renderDepths([], "toy"), RangeError);
});
