import assert from "node:assert/strict";
import { loadDataset } from "../../src/data/load.ts";
import { InputError } from "../../src/errors.ts";
import { rejectsInput, writeFiles } from "./support.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

Deno.test("loadDataset() says what it looked for when a folder holds nothing that it knows", async () => {
  await inTemporaryFolder(async (folder) => {
    const looked = ["train-images-idx3-ubyte", "data_batch_1.bin", "class folders"];
    await rejectsInput(() => loadDataset(folder), ...looked, "an empty folder");
    await writeFiles(
      folder,
      ["f", "a", "b", "c", "d", "e", ".g"].map((name) => [name, new Uint8Array(1)] as const),
    );
    await rejectsInput(() => loadDataset(folder), ...looked, "found a, b, c, d, e and 1 more");
  });
});

Deno.test("loadDataset() names a folder that is missing, or is a file, and what to try", async () => {
  await inTemporaryFolder(async (folder) => {
    await rejectsInput(() => loadDataset(`${folder}/none`), `${folder}/none`, "no such folder");
    await writeFiles(folder, [["file", new Uint8Array(1)]]);
    await rejectsInput(() => loadDataset(`${folder}/file`), `${folder}/file`, "it is a file");
    await assert.rejects(
      () => loadDataset(`${folder}/none`),
      (error) => error instanceof InputError && error.hint!.includes("shapes10"),
    );
  });
});
