import assert from "node:assert/strict";
import fc from "fast-check";
import { cutBatches, epochOrder, gatherBatch } from "../../src/data/batches.ts";
import { NORMALIZATION } from "../../src/data/normalization.ts";
import { drawMove, moveImage } from "../../src/data/augment/move.ts";
import { Random } from "../../src/random.ts";
import { rejectsInput } from "./support.ts";

const shape = { height: 3, width: 4, channels: 2 };
const LENGTH = 24;
const split = {
  images: Uint8Array.from({ length: 5 * LENGTH }, (_, i) => i * 53 % 256),
  labels: Uint8Array.of(7, 0, 255, 3, 1),
  count: 5,
};

Deno.test("epochOrder() has every index once, in an order that the generator decides", () => {
  const order = epochOrder(100, Random.from(1, "order"));
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
  assert.deepEqual(order, epochOrder(100, Random.from(1, "order")));
  assert.notDeepEqual(order, epochOrder(100, Random.from(2, "order")));
});

Deno.test("cutBatches() drops or keeps a short last batch, and nothing else", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (count, size) => {
    fc.pre(count >= size);
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    const kept = cutBatches(order, size, "keep");
    const dropped = cutBatches(order, size, "drop");
    assert.deepEqual(kept.flatMap((batch) => [...batch]), [...order]);
    assert.deepEqual(dropped, kept.filter((batch) => batch.length === size));
    assert.equal(dropped.length, Math.floor(count / size));
  }));
});

Deno.test("cutBatches() refuses a batch larger than the training set", async () => {
  await rejectsInput(() => cutBatches(new Uint32Array(5), 6, "drop"), "batches of 6", "only 5");
  assert.equal(cutBatches(new Uint32Array(5), 6, "keep").length, 1);
});

Deno.test("gatherBatch() normalises (x - 127.5) / 127.5 in the order of the indices", () => {
  const { images, labels } = gatherBatch(split, shape, [2, 0, 2]);
  assert.deepEqual([...labels], [255, 7, 255]);
  assert.deepEqual(NORMALIZATION, { mean: 127.5, scale: 127.5 });
  const expected = [2, 0, 2].flatMap((index) => [...split.images.slice(index * LENGTH, (index + 1) * LENGTH)])
    .map((x) => Math.fround((x - 127.5) / 127.5));
  assert.deepEqual([...images], expected);
});

Deno.test("gatherBatch() maps 0 to -1 and 255 to 1", () => {
  const ends = { images: Uint8Array.of(0, 255), labels: Uint8Array.of(0), count: 1 };
  assert.deepEqual([...gatherBatch(ends, { height: 1, width: 2, channels: 1 }, [0]).images], [-1, 1]);
});

Deno.test("gatherBatch() augments each image by its own draw, and leaves the split alone", () => {
  const before = split.images.slice();
  const indices = [4, 1, 1, 3];
  const { images } = gatherBatch(split, shape, indices, {
    random: Random.from(9, "a"),
    shift: 2,
    flip: true,
  });
  const random = Random.from(9, "a");
  const moved = {
    images: new Uint8Array(indices.length * LENGTH),
    labels: new Uint8Array(indices.length),
    count: indices.length,
  };
  indices.forEach((index, i) => {
    const source = split.images.subarray(index * LENGTH, (index + 1) * LENGTH);
    moveImage(
      source,
      shape,
      drawMove(random, { shift: 2, flip: true }),
      moved.images.subarray(i * LENGTH, (i + 1) * LENGTH),
    );
  });
  assert.deepEqual(images, gatherBatch(moved, shape, [0, 1, 2, 3]).images);
  assert.notDeepEqual(images, gatherBatch(split, shape, indices).images);
  assert.deepEqual(split.images, before);
});

Deno.test("gatherBatch() throws when an index lies outside, or there is no generator to augment with", () => {
  assert.throws(() => gatherBatch(split, shape, [5]), /no image 5: the split has 5/);
  assert.throws(() => gatherBatch(split, shape, [0], { flip: true }), /needs a generator/);
});

Deno.test("gatherBatch() takes each channel by the mean and scale that it is given", () => {
  const normalization = { mean: [10, 20, 30], scale: [2, 4, 8] };
  const { images } = gatherBatch(split, { ...shape, channels: 3 }, [0], { normalization });
  const [red, green, blue] = split.images;
  assert.deepEqual([...images.subarray(0, 3)], [(red! - 10) / 2, (green! - 20) / 4, (blue! - 30) / 8]);
});
