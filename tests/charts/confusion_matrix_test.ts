import assert from "node:assert/strict";
import { renderConfusionMatrix } from "../../src/charts/confusion_matrix.ts";
import { SERIES_COLORS } from "../../src/charts/svg.ts";
import { readSvg, textsOf } from "./read_svg.ts";

const [RIGHT, , WRONG] = SERIES_COLORS;

Deno.test("renderConfusionMatrix() writes every count, the recall of each class and the accuracy", () => {
  const svg = renderConfusionMatrix(
    { classNames: ["cat", "dog", "owl"], counts: [[9, 1, 0], [4, 12, 0], [0, 0, 0]] },
    "toy, fused",
  );
  const texts = textsOf(readSvg(svg));
  for (const text of ["cat", "dog", "9", "1", "4", "12", "90.0%", "75.0%", "–"]) {
    assert.ok(texts.includes(text), text);
  }
  assert.ok(texts.includes("toy, fused: 21 of 26 right (80.77%)"));
  assert.doesNotMatch(svg, /NaN|undefined/);
});

Deno.test("renderConfusionMatrix() colours what is right and what is wrong by its place, stronger by its share", () => {
  const svg = renderConfusionMatrix({ classNames: ["a", "b"], counts: [[50, 50], [1, 99]] }, "toy");
  const cells = readSvg(svg).filter(({ name, attributes }) =>
    name === "rect" && [RIGHT, WRONG].some((color) => color === attributes["fill"])
  );
  assert.deepEqual(cells.map(({ attributes }) => attributes["fill"]), [RIGHT, WRONG, WRONG, RIGHT]);
  const opacity = cells.map(({ attributes }) => Number(attributes["fill-opacity"]));
  assert.ok(
    opacity[0] === opacity[1] && opacity[2]! < opacity[1]! && opacity[3]! > opacity[0]!,
    `${opacity}`,
  );
});

Deno.test("renderConfusionMatrix() leaves numbers and names out when there are a hundred classes", () => {
  const classNames = Array.from({ length: 100 }, (_, i) => `class ${i}`);
  const svg = renderConfusionMatrix({
    classNames,
    counts: classNames.map((_, i) => classNames.map((_, j) => i === j ? 7 : 0)),
  }, "toy");
  assert.deepEqual(textsOf(readSvg(svg)).filter((text) => /class \d|^7$/.test(text)), []);
});

Deno.test("renderConfusionMatrix() throws a RangeError when the matrix is empty or not square", () => {
  assert.throws(() => renderConfusionMatrix({ classNames: [], counts: [] }, "toy"), RangeError);
  assert.throws(
    () => renderConfusionMatrix({ classNames: ["a", "b"], counts: [[1, 0], [1]] }, "toy"),
    RangeError,
  );
  assert.throws(() => renderConfusionMatrix({ classNames: ["a", "b"], counts: [[1, 0]] }, "toy"), RangeError);
});
