import assert from "node:assert/strict";
import type { Dataset } from "../../src/data/dataset.ts";
import { InputError } from "../../src/errors.ts";
import { Datasets } from "../../src/run/datasets.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { tinyDataset } from "../train/tiny.ts";

/** Data sets that count how often they are decoded. */
function counted(dataset: Dataset): { datasets: Datasets; loads: string[] } {
  const loads: string[] = [];
  const datasets = new Datasets(SILENT, (source) => {
    loads.push(source);
    return source === "gone" ? Promise.reject(new InputError("gone")) : Promise.resolve(dataset);
  });
  return { datasets, loads };
}

Deno.test("Datasets decodes a data set once, and again for another size", async () => {
  const { datasets, loads } = counted(tinyDataset());
  const first = await datasets.get({ source: "a" });
  assert.equal(await datasets.get({ source: "a", imageSize: undefined }), first);
  assert.equal(loads.length, 1);
  await datasets.get({ source: "a", imageSize: 16 });
  assert.deepEqual(loads, ["a", "a"]);
});

Deno.test("Datasets gives the data of a network when it is the same, and nothing when it changed or is gone", async () => {
  const dataset = tinyDataset();
  const { datasets } = counted(dataset);
  assert.equal(await datasets.ofNetwork({ source: "a", checksum: dataset.checksum }), dataset);
  assert.equal(await datasets.ofNetwork({ source: "a", checksum: "another" }), undefined);
  assert.equal(await datasets.ofNetwork({ source: "gone", checksum: dataset.checksum }), undefined);
  assert.equal(await datasets.ofNetwork(undefined), undefined);
});

Deno.test("Datasets knows a data set by the size that was chosen for it, too", async () => {
  const { datasets, loads } = counted({ ...tinyDataset(), imageSize: 48 });
  const first = await datasets.get({ source: "a" });
  assert.equal(await datasets.get({ source: "a", imageSize: 48 }), first);
  assert.equal(loads.length, 1);
});

Deno.test("Datasets leaves bad pictures out when told to, and where a checksum says whether all is the same", async () => {
  const asked: (boolean | undefined)[] = [];
  for (const source of [{ source: "a" }, { source: "a", skipBad: true }, { source: "a", checksum: "c" }]) {
    const datasets = new Datasets(SILENT, (_, { skipBad }) => {
      asked.push(skipBad);
      return Promise.resolve(tinyDataset());
    });
    await datasets.get(source);
  }
  assert.deepEqual(asked, [undefined, true, true]);
});
