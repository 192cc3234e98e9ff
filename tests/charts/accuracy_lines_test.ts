import assert from "node:assert/strict";
import { renderAccuracyLines } from "../../src/charts/accuracy_lines.ts";
import { readSvg, textsOf } from "./read_svg.ts";

const point = (name: string, x: number, mean: number) => ({
  name,
  x,
  accuracy: { mean, low: mean - 0.01, high: mean + 0.01 },
});

Deno.test("renderAccuracyLines() draws a line and bars per form, named at its end", () => {
  const points = [6, 13, 21].flatMap((depth) => [point("plain", depth, 0.9), point("<wide>", depth, 0.91)]);
  const tags = readSvg(renderAccuracyLines("depth", points, "toy on shapes10"));
  const texts = textsOf(tags);
  for (const text of ["plain", "&lt;wide&gt;", "6", "13", "21"]) assert.ok(texts.includes(text), text);
  assert.equal(tags.filter(({ name }) => name === "circle").length, 6);
});

Deno.test("renderAccuracyLines() draws one depth of one seed", () => {
  const svg = renderAccuracyLines(
    "depth",
    [{ name: "plain", x: 6, accuracy: { mean: 1, low: null, high: null } }],
    "toy",
  );
  readSvg(svg);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

Deno.test("renderAccuracyLines() throws a RangeError when there is nothing", () => {
  assert.throws(() => renderAccuracyLines("cost", [], "toy"), RangeError);
});

Deno.test("renderAccuracyLines() draws costs on a logarithmic axis", () => {
  const points = [1, 2, 4].map((millions) => point("plain", millions, 0.9 + millions / 100));
  const tags = readSvg(renderAccuracyLines("cost", points, "toy"));
  const at = tags.filter(({ name }) => name === "circle").map(({ attributes }) => Number(attributes["cx"]));
  assert.equal(at.length, 3);
  assert.ok(Math.abs((at[1]! - at[0]!) - (at[2]! - at[1]!)) < 1e-6, `${at}`);
  for (const text of ["1", "2", "4"]) assert.ok(textsOf(tags).includes(text), text);
});
