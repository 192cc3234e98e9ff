import assert from "node:assert/strict";
import { formatBytes, formatShare } from "../../src/text/quantities.ts";

Deno.test("formatBytes() counts in units of 1024", () => {
  assert.deepEqual([0, 1023, 1024, 5000, 482 * 1024, 2.1 * 1024 ** 2, 3 * 1024 ** 3].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "4.9 KiB",
    "482 KiB",
    "2.10 MiB",
    "3.00 GiB",
  ]);
});

Deno.test("formatShare() has two decimals unless others are asked for", () => {
  assert.deepEqual([formatShare(0.95125), formatShare(0.95125, 1)], ["95.13%", "95.1%"]);
});
