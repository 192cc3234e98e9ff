import assert from "node:assert/strict";
import {
  formatBytes,
  formatCount,
  formatDifference,
  formatDuration,
  formatShare,
} from "../../src/text/quantities.ts";

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

Deno.test("formatCount() has one image in the singular, and none and several in the plural", () => {
  assert.deepEqual([0, 1, 2, 2000].map((count) => formatCount(count, "image")), [
    "0 images",
    "1 image",
    "2 images",
    "2,000 images",
  ]);
  assert.equal(formatCount(3, "batch", "batches"), "3 batches");
});

Deno.test("formatDifference() says nothing as 0", () => {
  assert.deepEqual([0, 1.23e-6, 0.5].map((value) => formatDifference(value)), ["0", "1.2e-6", "5.0e-1"]);
  assert.equal(formatDifference(1e-5, 0), "1e-5");
});

Deno.test("formatDuration() has at most two units", () => {
  assert.deepEqual([0.4, 41, 185, 33_060].map(formatDuration), ["0 s", "41 s", "3 min 5 s", "9 h 11 min"]);
});
