import assert from "node:assert/strict";
import { listCatalogue, listPictures } from "../../src/data/class_folders.ts";
import { loadDataset } from "../../src/data/load.ts";
import { sha256 } from "../../src/files/hash.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { plainPng } from "./image_files.ts";
import { rejectsInput, writeFiles } from "./support.ts";

const EMPTY = new Uint8Array(0);

/** Files of no content, for what looks at names alone. */
function named(...paths: string[]): [string, Uint8Array][] {
  return paths.map((path) => [path, EMPTY]);
}

Deno.test("listCatalogue() takes val/, valid/ and validation/ beside test/ for validation, in any case", async () => {
  for (const [train, validation, test] of [["train", "val", "test"], ["Train", "Valid", "TEST"]] as const) {
    await inTemporaryFolder(async (folder) => {
      await writeFiles(
        folder,
        [train, validation, test].flatMap((part) => named(`${part}/a/${part}.png`, `${part}/b/1.png`)),
      );
      const catalogue = await listCatalogue(folder);
      assert.deepEqual(catalogue.classNames, ["a", "b"]);
      assert.equal(catalogue.train[0]!.path, `${folder}/${train}/a/${train}.png`);
      assert.equal(catalogue.test[0]!.path, `${folder}/${test}/a/${test}.png`);
      assert.equal(catalogue.validation![0]!.path, `${folder}/${validation}/a/${validation}.png`);
      assert.equal((await listPictures(folder)).name, `${folder}/${test}`);
    });
  }
});

Deno.test("listCatalogue() refuses other classes for validation than for training", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFiles(folder, named("train/a/1", "train/b/1", "test/a/1", "test/b/1", "Val/a/1", "Val/c/1"));
    await rejectsInput(() => listCatalogue(folder), 'the class "b" is in train/, but not in Val/');
  });
});

Deno.test("loadDataset() reads the validation part, resizes it, and has it in its checksum", async () => {
  await inTemporaryFolder(async (folder) => {
    const parts = ["train", "test", "val"];
    for (const [i, part] of parts.entries()) {
      for (const name of ["a", "b"]) {
        await writeFiles(folder, [[`${part}/${name}/1.png`, await plainPng(4, 4, [i, 7, 9])]]);
      }
    }
    const { train, test, validation, checksum } = await loadDataset(folder, { imageSize: 2 });
    assert.deepEqual([...validation!.images.subarray(0, 3)], [2, 7, 9]);
    assert.deepEqual([validation!.count, validation!.images.length], [2, 24]);
    const bytes = [train, test, validation!].flatMap(({ images, labels }) => [images, labels]);
    assert.equal(checksum, await sha256(...bytes));
  });
});
