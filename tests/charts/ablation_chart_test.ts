import assert from "node:assert/strict";
import { renderAblation } from "../../src/charts/ablation_chart.ts";
import { readSvg, textsOf } from "./read_svg.ts";

Deno.test("renderAblation() draws every seed, and says mean and sample deviation of each form", () => {
  const rows = [
    { name: "plain", accuracies: [0.95, 0.96, 0.97] },
    { name: "+ 1x1 <conv>", accuracies: [0.98] },
  ];
  const tags = readSvg(renderAblation(rows, "toy on shapes10"));
  const texts = textsOf(tags);
  for (const text of ["plain", "+ 1x1 &lt;conv&gt;", "96.00 ± 1.00", "98.00 ± 0.00"]) {
    assert.ok(texts.includes(text), text);
  }
  const radii = tags.filter(({ name }) => name === "circle").map(({ attributes }) => attributes["r"]);
  assert.deepEqual(radii, ["3", "3", "3", "3", "5", "5"]);
});

Deno.test("renderAblation() draws a single result", () => {
  const svg = renderAblation([{ name: "plain", accuracies: [1] }], "toy");
  readSvg(svg);
  assert.doesNotMatch(svg, /NaN|undefined/);
});

Deno.test("renderAblation() throws a RangeError when a form has no seed", () => {
  assert.throws(() => renderAblation([], "toy"), RangeError);
  assert.throws(() => renderAblation([{ name: "plain", accuracies: [] }], "toy"), /plain/);
});
