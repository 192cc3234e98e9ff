import assert from "node:assert/strict";
import { direction } from "../../src/data/rotation.ts";

Deno.test("direction() is the cosine and sine of whole degrees", () => {
  for (let degrees = -720; degrees <= 720; degrees++) {
    const { x, y } = direction(degrees);
    assert.ok(Math.abs(x - Math.cos(degrees * Math.PI / 180)) < 1e-13, `cos ${degrees}`);
    assert.ok(Math.abs(y - Math.sin(degrees * Math.PI / 180)) < 1e-13, `sin ${degrees}`);
  }
});

Deno.test("direction() throws when the degrees are not whole", () => {
  assert.throws(() => direction(0.5), RangeError);
});
