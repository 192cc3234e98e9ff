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
