import assert from "node:assert/strict";
import { decode } from "fast-png";
import { contactSheet, encodePng, firstOfEachClass } from "../../src/data/contact_sheet.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { rejectsInput } from "./support.ts";

Deno.test("contactSheet() lays images out row by row, with gaps, enlarged", () => {
  const grey = { height: 1, width: 2, channels: 1 };
  const images = [Uint8Array.of(1, 2), Uint8Array.of(3, 4), Uint8Array.of(5, 6)];
  const { width, height, pixels } = contactSheet(images, grey, { columns: 2, scale: 2, gap: 1 });
  assert.deepEqual([width, height], [9, 5]);
  const rows = Array.from(
    { length: height },
    (_, y) => Array.from({ length: width }, (_, x) => pixels[3 * (y * width + x)]),
  );
  const above = [1, 1, 2, 2, 255, 3, 3, 4, 4];
  const below = [5, 5, 6, 6, 255, 255, 255, 255, 255];
  assert.deepEqual(rows, [above, above, new Array(9).fill(255), below, below]);
  assert.ok(pixels.every((value, i) => value === pixels[i - i % 3]));
});

Deno.test("contactSheet() keeps the colours of RGB images, and refuses other channels", async () => {
  const rgb = { height: 1, width: 1, channels: 3 };
  assert.deepEqual([...contactSheet([Uint8Array.of(1, 2, 3)], rgb, { columns: 1 }).pixels], [1, 2, 3]);
  const odd = { height: 1, width: 1, channels: 2 };
  await rejectsInput(() => contactSheet([Uint8Array.of(1, 2)], odd, { columns: 1 }), "2 channels");
});

Deno.test("encodePng() writes the picture, with fewer levels when asked", () => {
  const picture = { width: 2, height: 1, pixels: Uint8Array.of(0, 100, 200, 255, 130, 7) };
  assert.deepEqual([...decode(encodePng(picture)).data], [...picture.pixels]);
  assert.deepEqual([...decode(encodePng(picture, 2)).data], [0, 0, 255, 255, 255, 0]);
});

Deno.test("firstOfEachClass() takes class after class, as often as the smallest class allows", () => {
  const labels = Uint8Array.of(1, 0, 1, 1, 0, 1);
  const split = { images: Uint8Array.of(10, 11, 12, 13, 14, 15), labels, count: 6 };
  const dataset: Dataset = {
    name: "x",
    height: 1,
    width: 1,
    channels: 1,
    classNames: ["a", "b"],
    train: split,
    test: split,
    checksum: "",
  };
  const values = (perClass: number) => firstOfEachClass(dataset, "test", perClass).map((image) => image[0]);
  assert.deepEqual(values(1), [11, 10]);
  assert.deepEqual(values(5), [11, 10, 14, 12]);
});
