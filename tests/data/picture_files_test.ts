import { deepEqual } from "node:assert/strict";
import { pictureFilesOf } from "../../src/data/picture_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { writeFiles } from "./support.ts";

Deno.test("pictureFilesOf() takes files as they are named, and what lies in folders at any depth, sorted", async () => {
  await inTemporaryFolder(async (folder) => {
    const names = ["b/2.png", "b/1.png", "b/cats/3.png", "b/.DS_Store", "b/@eaDir/1.png", "a.png"];
    await writeFiles(folder, names.map((name) => [name, new Uint8Array(1)]));
    const found = await pictureFilesOf([`${folder}/lost.png`, `${folder}/b/`, `${folder}/a.png`]);
    deepEqual(
      found,
      ["lost.png", "b/1.png", "b/2.png", "b/cats/3.png", "a.png"].map((name) => `${folder}/${name}`),
    );
  });
});
