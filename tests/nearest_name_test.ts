import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance, nearestName } from "../src/text/nearest_name.ts";

Deno.test("editDistance() counts each kind of edit once", () => {
  assert.equal(editDistance("width", "width"), 0);
  assert.equal(editDistance("wdth", "width"), 1);
  assert.equal(editDistance("widthh", "width"), 1);
  assert.equal(editDistance("wodth", "width"), 1);
  assert.equal(editDistance("widht", "width"), 1);
  assert.equal(editDistance("", "width"), 5);
});

Deno.test("editDistance() is symmetric, zero for equals alone, and at most the longer length", () => {
  fc.assert(fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
    assert.equal(editDistance(a, b), editDistance(b, a));
    assert.equal(editDistance(a, b) === 0, a === b);
    assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
  }));
});

Deno.test("nearestName() finds the mistyped name, whatever its case", () => {
  const keys = ["width", "depth", "stride", "classCount"];
  assert.equal(nearestName("widht", keys), "width");
  assert.equal(nearestName("class_count", keys), "classCount");
  assert.equal(nearestName("STRIDES", keys), "stride");
});

Deno.test("nearestName() keeps silent when nothing is near", () => {
  assert.equal(nearestName("zzzzzz", ["width", "depth"]), undefined);
  assert.equal(nearestName("x", []), undefined);
});
