import { deepEqual, equal } from "node:assert/strict";
import { loadDataset } from "../../src/data/load.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { rejectsInput, writeFiles } from "./support.ts";

/** Records of a coarse label, a fine one and pixels of that value. */
function records(fine: readonly number[]): Uint8Array {
  return Uint8Array.from(fine.flatMap((label) => [7, label, ...new Array(3072).fill(label)]));
}

Deno.test("loadDataset() reads CIFAR-100 by its fine labels", async () => {
  await inTemporaryFolder(async (folder) => {
    const names = Array.from({ length: 100 }, (_, i) => `class ${i}\n`).join("");
    await writeFiles(folder, [
      ["cifar-100-binary/train.bin", records([99, 3, 50])],
      ["cifar-100-binary/test.bin", records([4])],
      ["cifar-100-binary/fine_label_names.txt", new TextEncoder().encode(names)],
    ]);
    const { classNames, train, test, ...shape } = await loadDataset(folder); // the archive has a folder of its own
    deepEqual([shape.height, shape.width, shape.channels], [32, 32, 3]);
    equal(classNames[99], "class 99");
    deepEqual([...train.labels, ...test.labels], [99, 3, 50, 4]);
    deepEqual([train.images[0], train.images[3072]], [99, 3]);
  });
});

Deno.test("loadDataset() refuses a cut file of CIFAR-100, and a label beyond its classes", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFiles(folder, [["train.bin", records([1]).subarray(0, 3000)], ["test.bin", records([1])]]);
    await rejectsInput(() => loadDataset(folder), "train.bin as CIFAR-100", "record of 3074");
    await writeFiles(folder, [["train.bin", records([1, 100])]]);
    await rejectsInput(() => loadDataset(folder), "train.bin", "at byte 3075", "0..99", "found 100");
  });
});
