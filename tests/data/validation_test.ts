import assert from "node:assert/strict";
import type { Dataset } from "../../src/data/dataset.ts";
import { withValidation } from "../../src/data/validation.ts";

/** Images of one pixel, whose byte is the number of the image. */
function dataset(labels: readonly number[], classCount: number): Dataset {
  const split = {
    images: Uint8Array.from(labels, (_, i) => i),
    labels: Uint8Array.from(labels),
    count: labels.length,
  };
  const classNames = Array.from({ length: classCount }, (_, i) => `class ${i}`);
  const shape = { height: 1, width: 1, channels: 1 };
  return { name: "numbers", ...shape, classNames, train: split, test: split, checksum: "numbers" };
}

const LABELS = Array.from({ length: 60 }, (_, i) => i % 3 === 0 ? 0 : 1); // 20 and 40 images

Deno.test("withValidation() holds back a share of every class, and every image is on one side", () => {
  const { train, validation } = withValidation(dataset(LABELS, 2), 0.25, 7);
  const count = (labels: ArrayLike<number>, label: number) =>
    Array.from(labels).filter((l) => l === label).length;
  assert.deepEqual([0, 1].map((label) => count(validation!.labels, label)), [5, 10]);
  assert.deepEqual([0, 1].map((label) => count(train.labels, label)), [15, 30]);
  const all = [...train.images, ...validation!.images].sort((a, b) => a - b);
  assert.deepEqual(all, LABELS.map((_, i) => i));
  for (const split of [train, validation!]) {
    split.images.forEach((number, i) => assert.equal(split.labels[i], LABELS[number]));
  }
});

Deno.test("withValidation() holds back the same images for the same seed, and others for another", () => {
  const held = (seed: number) => [...withValidation(dataset(LABELS, 2), 0.25, seed).validation!.images];
  assert.deepEqual(held(7), held(7));
  assert.notDeepEqual(held(7), held(8));
});

Deno.test("withValidation() leaves a data set alone that has its own, or has too few images", () => {
  const own = { ...dataset(LABELS, 2), validation: dataset([0], 2).train };
  assert.equal(withValidation(own, 0.25, 1), own);
  const few = dataset([0, 1, 2, 0, 1, 2], 3);
  assert.equal(withValidation(few, 0.1, 1), few);
  assert.equal(withValidation(few, 0, 1), few);
});
