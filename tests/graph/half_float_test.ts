import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeHalves, encodeHalves } from "../../src/graph/half_float.ts";

/** The halves of this runtime's own `Float16Array`. */
function reference(values: Float32Array): Uint16Array {
  return new Uint16Array(new Float16Array(values).buffer);
}

const ALL = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

Deno.test("decodeHalves() reads every half as Float16Array does", () => {
  assert.deepEqual([...decodeHalves(ALL)], [...new Float16Array(ALL.buffer)]);
});

Deno.test("encodeHalves() gives every half back, and rounds what lies between as Float16Array does", () => {
  const exact = decodeHalves(ALL).filter((value) => !Number.isNaN(value));
  assert.deepEqual(encodeHalves(exact), reference(exact));
  const sorted = exact.filter(Number.isFinite).sort();
  const middles = Float32Array.from(sorted.subarray(1), (value, i) => (value + sorted[i]!) / 2);
  const bits = new Uint32Array(middles.buffer);
  for (const step of [-1, 0, 1]) {
    const near = new Float32Array(bits.map((b) => b + step).buffer);
    assert.deepEqual(encodeHalves(near), reference(near));
  }
});

Deno.test("encodeHalves() rounds any float32 as Float16Array does", () =>
  fc.assert(fc.property(fc.float32Array({ minLength: 1, noNaN: true }), (values) => {
    assert.deepEqual(encodeHalves(values), reference(values));
  })));

Deno.test("encodeHalves() keeps what is not a number", () => {
  assert.deepEqual(
    decodeHalves(encodeHalves(Float32Array.of(NaN, Infinity, -Infinity, 65520, -0))),
    Float32Array.of(NaN, Infinity, -Infinity, Infinity, -0),
  );
});
