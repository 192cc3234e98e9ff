import assert from "node:assert/strict";
import { classSubset } from "../../src/data/class_subset.ts";
import { tinyDataset } from "../train/tiny.ts";

Deno.test("classSubset() keeps the images of its classes alone, as many as told, under new labels", async () => {
  const dataset = tinyDataset();
  const subset = await classSubset(dataset, [7, 2], 3);
  assert.deepEqual(subset.classNames, [dataset.classNames[7], dataset.classNames[2]]);
  assert.equal(subset.train.count, 6);
  assert.equal(subset.test.count, dataset.test.labels.filter((label) => label === 7 || label === 2).length);
  const length = 32 * 32 * 3;
  const first = dataset.train.labels.indexOf(2);
  assert.deepEqual(
    subset.train.images.subarray(subset.train.labels.indexOf(1) * length).subarray(0, length),
    dataset.train.images.subarray(first * length, (first + 1) * length),
  );
  assert.notEqual(subset.checksum, (await classSubset(dataset, [2, 7], 3)).checksum);
});
