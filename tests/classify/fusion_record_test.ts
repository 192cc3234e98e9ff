import { equal } from "node:assert/strict";
import { currentRecord } from "../../src/classify/fusion_record.ts";

Deno.test("currentRecord() passes over what an older version wrote, and what is no record", () => {
  const output = { name: "head", scale: 1, border: 0, interior: 1e-6 };
  const now = { proof: { outputs: [{ ...output, allowed: 1e-4 }] } };
  equal(currentRecord(now), now);
  for (
    const other of [undefined, null, {}, { proof: { outputs: [output], tolerance: 1e-4 } }, { proof: {} }]
  ) {
    equal(currentRecord(other), undefined);
  }
});
