import assert from "node:assert/strict";
import fc from "fast-check";
import { resizeToSquare } from "../../src/data/resize.ts";

Deno.test("resizeToSquare() leaves a square of that size as it is", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 75, maxLength: 75 }), (pixels) => {
    assert.deepEqual(resizeToSquare(pixels, { height: 5, width: 5, channels: 3 }, 5), pixels);
  }));
});

Deno.test("resizeToSquare() keeps one colour one colour, at any size", () => {
  fc.assert(
    fc.property(side(), side(), side(), fc.integer({ min: 0, max: 255 }), (height, width, size, value) => {
      const pixels = new Uint8Array(height * width * 2).fill(value);
      const result = resizeToSquare(pixels, { height, width, channels: 2 }, size);
      assert.deepEqual(result, new Uint8Array(size * size * 2).fill(value));
    }),
  );
});

Deno.test("resizeToSquare() cuts out the middle square", () => {
  const wide = Uint8Array.from({ length: 2 * 5 }, (_, i) => i);
  assert.deepEqual([...resizeToSquare(wide, { height: 2, width: 5, channels: 1 }, 2)], [1, 2, 6, 7]);
  const tall = Uint8Array.from({ length: 4 * 2 }, (_, i) => i);
  assert.deepEqual([...resizeToSquare(tall, { height: 4, width: 2, channels: 1 }, 2)], [2, 3, 4, 5]);
});

Deno.test("resizeToSquare() interpolates linearly when it enlarges", () => {
  // Pixel centres of 4 on 2: 0.25, 0.75, 1.25, 1.75 of the source, whose centres are 0.5 and 1.5.
  const [first, second, third, fourth] = resizeToSquare(
    Uint8Array.of(0, 200, 0, 200),
    { height: 2, width: 2, channels: 1 },
    4,
  );
  assert.deepEqual([first, second, third, fourth], [0, 50, 150, 200]);
});

Deno.test("resizeToSquare() averages over the area when it shrinks", () => {
  // One column in four is white: its part of every target pixel is a quarter, wherever in the four it stands.
  for (const offset of [0, 1, 2, 3]) {
    const comb = Uint8Array.from({ length: 64 * 64 }, (_, i) => i % 4 === offset ? 200 : 0);
    const result = resizeToSquare(comb, { height: 64, width: 64, channels: 1 }, 16);
    const inner = result.filter((_, i) => i % 16 > 0 && i % 16 < 15);
    assert.deepEqual(inner, new Uint8Array(inner.length).fill(50));
  }
});

Deno.test("resizeToSquare() treats both axes and all channels alike", () => {
  fc.assert(
    fc.property(side(), side(), fc.infiniteStream(fc.integer({ min: 0, max: 255 })), (from, to, values) => {
      const plane = Uint8Array.from({ length: from * from }, () => values.next().value);
      const grey = resizeToSquare(plane, { height: from, width: from, channels: 1 }, to);
      const double = Uint8Array.from({ length: 2 * plane.length }, (_, i) => plane[i >> 1]!);
      const both = resizeToSquare(double, { height: from, width: from, channels: 2 }, to);
      assert.deepEqual(both, Uint8Array.from({ length: 2 * grey.length }, (_, i) => grey[i >> 1]!));
      const turned = Uint8Array.from(plane, (_, i) => plane[(i % from) * from + Math.floor(i / from)]!);
      const result = resizeToSquare(turned, { height: from, width: from, channels: 1 }, to);
      result.forEach((value, i) => {
        // Rounding once at the end: only the order of the sums differs.
        assert.ok(Math.abs(value - grey[(i % to) * to + Math.floor(i / to)]!) <= 1);
      });
    }),
  );
});

function side(): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: 12 });
}
