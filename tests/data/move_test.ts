import assert from "node:assert/strict";
import fc from "fast-check";
import type { ImageShape } from "../../src/data/image_shape.ts";
import { drawMove, type Move, moveImage } from "../../src/data/augment/move.ts";
import { Random } from "../../src/random.ts";

Deno.test("moveImage() does what mirroring, padding with the edge and cropping do one after the other", () => {
  fc.assert(
    fc.property(
      image(),
      fc.integer({ min: -9, max: 9 }),
      fc.integer({ min: -9, max: 9 }),
      fc.boolean(),
      ({ shape, pixels }, dx, dy, mirrored) => {
        const target = new Uint8Array(pixels.length);
        moveImage(pixels, shape, { dx, dy, mirrored }, target);
        assert.deepEqual(target, plainly(pixels, shape, { dx, dy, mirrored }));
      },
    ),
  );
});

Deno.test("moveImage() leaves the image alone when nothing moves", () => {
  fc.assert(fc.property(image(), ({ shape, pixels }) => {
    const target = new Uint8Array(pixels.length);
    moveImage(pixels, shape, { dx: 0, dy: 0, mirrored: false }, target);
    assert.deepEqual(target, pixels);
  }));
});

Deno.test("moveImage() moves right and down, after mirroring", () => {
  const shape = { height: 2, width: 3, channels: 1 };
  const target = new Uint8Array(6);
  moveImage(Uint8Array.of(1, 2, 3, 4, 5, 6), shape, { dx: 1, dy: 0, mirrored: false }, target);
  assert.deepEqual([...target], [1, 1, 2, 4, 4, 5]);
  moveImage(Uint8Array.of(1, 2, 3, 4, 5, 6), shape, { dx: 0, dy: 1, mirrored: false }, target);
  assert.deepEqual([...target], [1, 2, 3, 1, 2, 3]);
  moveImage(Uint8Array.of(1, 2, 3, 4, 5, 6), shape, { dx: 1, dy: 0, mirrored: true }, target);
  assert.deepEqual([...target], [3, 3, 2, 6, 6, 5]);
});

Deno.test("drawMove() draws every move about equally often, and no other", () => {
  const random = Random.from(5, "moves");
  const counts = new Map<string, number>();
  for (let i = 0; i < 18_000; i++) {
    const { dx, dy, mirrored } = drawMove(random, { shift: 1, flip: true });
    const key = `${dx},${dy},${mirrored}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 3 * 3 * 2);
  for (const [key, count] of counts) assert.ok(count > 850 && count < 1150, `${key}: ${count}`);
});

Deno.test("drawMove() moves nothing when there is no shift and no flip", () => {
  const random = Random.from(5, "moves");
  for (let i = 0; i < 100; i++) {
    assert.deepEqual(drawMove(random, { shift: 0, flip: false }), { dx: 0, dy: 0, mirrored: false });
  }
});

function image(): fc.Arbitrary<{ shape: ImageShape; pixels: Uint8Array }> {
  const side = fc.integer({ min: 1, max: 7 });
  return fc.record({ height: side, width: side, channels: fc.integer({ min: 1, max: 4 }) }).chain((shape) => {
    const length = shape.height * shape.width * shape.channels;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((pixels) => ({ shape, pixels }));
  });
}

/** The plain reference: the image as nested lists, mirrored, padded with its edges, cropped. */
function plainly(
  pixels: Uint8Array,
  { height, width, channels }: ImageShape,
  { dx, dy, mirrored }: Move,
): Uint8Array {
  let rows = Array.from({ length: height }, (_, y) => {
    return Array.from(
      { length: width },
      (_, x) => [...pixels.slice((y * width + x) * channels, (y * width + x + 1) * channels)],
    );
  });
  if (mirrored) rows = rows.map((row) => row.toReversed());
  const pad = <T>(
    list: T[],
    by: number,
  ) => [...new Array<T>(by).fill(list[0]!), ...list, ...new Array<T>(by).fill(list.at(-1)!)];
  const crop = <T>(list: T[], by: number) =>
    pad(list, Math.abs(by)).slice(Math.abs(by) - by).slice(0, list.length);
  return Uint8Array.from(crop(rows, dy).flatMap((row) => crop(row, dx).flat()));
}
