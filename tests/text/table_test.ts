import assert from "node:assert/strict";
import fc from "fast-check";
import { renderTable } from "../../src/text/table.ts";

Deno.test("renderTable() aligns figures to the right and words to the left when no alignment is given", () => {
  const table = renderTable(["form", "median ms", "ratio"], [
    ["training", 12.1, "1.00x"],
    ["fused", 5.935, "10.04x"],
  ]);
  assert.equal(
    table,
    [
      "form      median ms   ratio",
      "────────  ─────────  ──────",
      "training       12.1   1.00x",
      "fused         5.935  10.04x",
      "",
    ].join("\n"),
  );
});

Deno.test("renderTable() keeps the given alignment when the cells would choose another", () => {
  const table = renderTable([{ title: "name", align: "right" }, { title: "n", align: "left" }], [["ab", 1], [
    "c",
    22,
  ]]);
  assert.deepEqual(table.split("\n").slice(2), ["  ab  1", "   c  22", ""]);
});

Deno.test("renderTable() treats a dash as an absent figure when the column holds figures", () => {
  assert.deepEqual(renderTable(["ms"], [[100], ["–"]]).split("\n").slice(2), ["100", "  –", ""]);
});

Deno.test("renderTable() ends a cell in an ellipsis when it is wider than the column may be", () => {
  const table = renderTable([{ title: "run", maximumWidth: 6 }], [["2024-toy-net"], ["short"]]);
  assert.deepEqual(table.split("\n"), ["run", "──────", "2024-…", "short", ""]);
});

Deno.test("renderTable() counts code points, not UTF-16 units, when a cell holds astral characters", () => {
  const lines = renderTable(["a", "b"], [["𝛾𝛽", "x"], ["word", "y"]]).split("\n");
  assert.equal(Array.from(lines[2]!).indexOf("x"), Array.from(lines[3]!).indexOf("y"));
});

Deno.test("renderTable() throws a RangeError when a row has a cell too few", () => {
  assert.throws(() => renderTable(["a", "b"], [["x"]]), RangeError);
});

Deno.test("renderTable() keeps every line within the rule and every cell whole when no limit is set", () => {
  const cell = fc.oneof(fc.integer(), fc.stringMatching(/^[a-z]{1,12}$/));
  fc.assert(fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1 }), (rows) => {
    const lines = renderTable(["one", "two", "three"], rows).trimEnd().split("\n");
    assert.equal(lines.length, rows.length + 2);
    for (const line of lines) assert.ok(line.length <= lines[1]!.length);
    rows.forEach((row, index) => assert.deepEqual(lines[index + 2]!.trim().split(/ +/), row.map(String)));
  }));
});

const WIDE = [
  ["stage1/block1/reparam", "6", "3x3x64x64", "1.95x to 5.80x"],
  ["head", "12", "", ""],
];
const WIDE_COLUMNS = [
  "region of the network",
  { title: "layers", dispensable: 1 },
  { title: "kernel", dispensable: 2 },
  { title: "interval", align: "right" as const },
];

Deno.test("renderTable() wraps titles and words, at a slash where it can, when the terminal is too narrow", () => {
  assert.deepEqual(renderTable(WIDE_COLUMNS, WIDE, { width: 50 }).split("\n"), [
    "region of the",
    "network          layers  kernel           interval",
    "───────────────  ──────  ─────────  ──────────────",
    "stage1/block1/        6  3x3x64x64  1.95x to 5.80x",
    "reparam",
    "head                 12",
    "",
  ]);
});

Deno.test("renderTable() leaves out the most dispensable column first, and none without need", () => {
  const titles = (width: number) => {
    const table = renderTable(WIDE_COLUMNS, WIDE, { width });
    return ["region", "layers", "kernel", "interval"].filter((title) => table.includes(title));
  };
  assert.deepEqual(titles(45), ["region", "layers", "kernel", "interval"]);
  assert.deepEqual(titles(44), ["region", "layers", "interval"]);
  assert.deepEqual(titles(30), ["region", "interval"]);
  assert.deepEqual(titles(5), ["region", "interval"]);
});

Deno.test("renderTable() keeps every line within the width, and every figure whole, when there is room to do so", () => {
  const words = fc.stringMatching(/^[a-z]{1,9}( [a-z/]{1,30})?$/);
  const rows = fc.array(fc.tuple(words, fc.integer({ min: 0, max: 99999 }), words), { minLength: 1 });
  fc.assert(fc.property(rows, fc.integer({ min: 40, max: 120 }), (rows, width) => {
    const table = renderTable(["name", "number of it", "mostly taken for"], rows, { width });
    for (const line of table.split("\n")) assert.ok(line.length <= width, table);
    for (const [, figure] of rows) assert.match(table, new RegExp(`(^|\\s)${figure}(\\s|$)`, "m"));
  }));
});
