import { deepEqual } from "node:assert/strict";
import { costRows } from "../../src/text/cost_rows.ts";

Deno.test("costRows() says how many times less each figure is, and nothing where there is nothing to divide", () => {
  const before = { layers: 31, convolutions: 0, parameters: 9450, macs: null, bytes: 37_800 };
  deepEqual(costRows(before, { layers: 10, convolutions: 0, parameters: 7770, macs: null, bytes: 31_080 }), [
    ["layers", "31", "10", "3.10x"],
    ["convolutions", "0", "0", "-"],
    ["parameters", "9,450", "7,770", "1.22x"],
    ["MACs", "-", "-", "-"],
    ["bytes", "37,800", "31,080", "1.22x"],
  ]);
});
