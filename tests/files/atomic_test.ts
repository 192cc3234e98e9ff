import assert from "node:assert/strict";
import { WorkError } from "../../src/errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../../src/files/atomic_write.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort();

Deno.test("writeFileAtomically() replaces a file and leaves nothing beside it", () =>
  inTemporaryFolder(async (folder) => {
    await writeFileAtomically(`${folder}/deep/file.txt`, "old");
    await writeFileAtomically(`${folder}/deep/file.txt`, "new");
    assert.equal(await Deno.readTextFile(`${folder}/deep/file.txt`), "new");
    assert.deepEqual(namesIn(`${folder}/deep`), ["file.txt"]);
  }));

Deno.test("writeFileAtomically() keeps the file that stood there when asked", () =>
  inTemporaryFolder(async (folder) => {
    await writeFileAtomically(`${folder}/last`, "first", { keepAs: `${folder}/previous` });
    assert.deepEqual(namesIn(folder), ["last"]);
    await writeFileAtomically(`${folder}/last`, "second", { keepAs: `${folder}/previous` });
    assert.equal(await Deno.readTextFile(`${folder}/previous`), "first");
    assert.equal(await Deno.readTextFile(`${folder}/last`), "second");
  }));

Deno.test("writeFileAtomically() keeps the old file and says so when the new one cannot be written", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/file`;
    await writeFileAtomically(path, "old");
    await Deno.mkdir(`${path}.partial`);
    await assert.rejects(writeFileAtomically(path, "new"), (error) => {
      assert.ok(error instanceof WorkError);
      assert.match(error.message, /Cannot write .*file: .*directory/);
      return true;
    });
    assert.equal(await Deno.readTextFile(path), "old");
  }));

Deno.test("writeJsonAtomically() ends in a newline", () =>
  inTemporaryFolder(async (folder) => {
    await writeJsonAtomically(`${folder}/a.json`, { a: 1 });
    assert.equal(await Deno.readTextFile(`${folder}/a.json`), '{\n  "a": 1\n}\n');
  }));
