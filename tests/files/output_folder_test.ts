/** What is not ours is not touched, whatever is named as an output. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { InputError, WorkError } from "../../src/errors.ts";
import {
  checkOutputFolder,
  kindByNames,
  type OutputRequest,
  removeOutputFolder,
  replaceFolder,
} from "../../src/files/output_folder.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const KIND = kindByNames("a model", "proof.json", {
  keys: ["proof"],
  names: /^(weights\.bin|evaluation\/a\.json)$/,
});

const at = (path: string, ...inputs: string[]): OutputRequest => ({ path, kind: KIND, inputs });

const namesIn = async (folder: string) => (await readdir(folder)).sort();

async function fill(folder: string): Promise<void> {
  await writeFile(`${folder}/weights.bin`, "new");
  await writeFile(`${folder}/proof.json`, `{"proof": 1}`);
}

/** The output is refused, by the check and by the replacement alike, and the folder's content stays. */
async function assertRefused(root: string, request: OutputRequest, says: RegExp): Promise<void> {
  const before = await readdir(root, { recursive: true });
  const isRefusal = (error: unknown) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, says);
    return true;
  };
  await assert.rejects(checkOutputFolder(request), isRefusal);
  await assert.rejects(replaceFolder(request, () => assert.fail("work was begun")), isRefusal);
  await assert.rejects(removeOutputFolder(request), isRefusal);
  assert.deepEqual((await readdir(root, { recursive: true })).sort(), before.sort());
}

Deno.test("replaceFolder() makes a folder, an empty one included, and replaces its own older one whole", () =>
  inTemporaryFolder(async (root) => {
    const folder = `${root}/deep/model`;
    await replaceFolder(at(folder), fill);
    await mkdir(`${folder}/evaluation`);
    await writeFile(`${folder}/evaluation/a.json`, "{}");
    await replaceFolder(at(folder), fill);
    assert.deepEqual(await namesIn(folder), ["proof.json", "weights.bin"]);
    assert.deepEqual(await namesIn(`${root}/deep`), ["model"]);
    await mkdir(`${root}/empty`);
    await replaceFolder(at(`${root}/empty/`), fill);
    assert.deepEqual(await namesIn(`${root}/empty`), ["proof.json", "weights.bin"]);
  }));

Deno.test("replaceFolder() keeps the old folder when filling fails", () =>
  inTemporaryFolder(async (root) => {
    const folder = `${root}/model`;
    await replaceFolder(at(folder), fill);
    const failing = replaceFolder(at(folder), async (temporary) => {
      await writeFile(`${temporary}/weights.bin`, "half");
      throw new WorkError("half-way");
    });
    await assert.rejects(failing, /half-way/);
    assert.equal(await readFile(`${folder}/weights.bin`, "utf8"), "new");
    assert.deepEqual(await namesIn(root), ["model"]);
  }));

Deno.test("replaceFolder() refuses a folder of photos, also one with a marker that is somebody else's", () =>
  inTemporaryFolder(async (root) => {
    await writeFile(`${root}/holiday.jpg`, "a photo");
    await assertRefused(root, at(root), /holiday\.jpg, and no proof\.json/);
    await writeFile(`${root}/proof.json`, `{"of": "delivery"}`);
    await assertRefused(root, at(root), /holiday\.jpg, and no proof\.json/);
    await writeFile(`${root}/proof.json`, "not JSON");
    await assertRefused(root, at(root), /holiday\.jpg, and no proof\.json/);
  }));

Deno.test("replaceFolder() refuses a folder of its own in which something else lies, at any depth", () =>
  inTemporaryFolder(async (root) => {
    const folder = `${root}/model`;
    await replaceFolder(at(folder), fill);
    await mkdir(`${folder}/notes/empty`, { recursive: true });
    await assertRefused(root, at(folder), /holds notes\/empty\/, which RepFuse did not write/);
    await writeFile(`${folder}/notes/weights.bin`, "mine");
    await assertRefused(root, at(folder), /notes\/(empty\/|weights\.bin), which RepFuse did not write/);
  }));

Deno.test("replaceFolder() refuses a file, and a folder whose parent is a file", () =>
  inTemporaryFolder(async (root) => {
    await writeFile(`${root}/notes.txt`, "mine");
    await assertRefused(root, at(`${root}/notes.txt`), /it is a file/);
    await assertRefused(root, at(`${root}/notes.txt/model`), /lies below one/);
    assert.equal(await readFile(`${root}/notes.txt`, "utf8"), "mine");
  }));

Deno.test("replaceFolder() refuses an output that is, holds or lies in an input, also through links and ..", () =>
  inTemporaryFolder(async (root) => {
    const source = `${root}/runs/one/snapshot`;
    await mkdir(source, { recursive: true });
    await fill(source);
    await symlink(source, `${root}/link`);
    await symlink(`${root}/runs`, `${root}/above`);
    const ways: [string, RegExp][] = [
      [source, /is the same as/],
      [`${source}/`, /is the same as/],
      [`${root}/link`, /is the same as/],
      [`${root}/runs/one/fused/../snapshot`, /is the same as/],
      [`${root}/runs`, /holds/],
      [`${root}/above/one`, /holds/],
      [`${source}/inside`, /lies in/],
      [`${root}/link/inside/deeper`, /lies in/],
    ];
    for (const [way, says] of ways) await assertRefused(root, at(way, source), says);
    await replaceFolder(at(`${root}/above/one/fused`, source, `${root}/not-there`), fill);
    assert.deepEqual(await namesIn(`${root}/runs/one`), ["fused", "snapshot"]);
  }));

Deno.test("replaceFolder() refuses when something of the person's arrives while it works", () =>
  inTemporaryFolder(async (root) => {
    const folder = `${root}/model`;
    await replaceFolder(at(folder), fill);
    const late = replaceFolder(at(folder), async (temporary) => {
      await fill(temporary);
      await writeFile(`${folder}/holiday.jpg`, "a photo");
    });
    await assert.rejects(late, /holiday\.jpg, which RepFuse did not write/);
    assert.deepEqual(await namesIn(folder), ["holiday.jpg", "proof.json", "weights.bin"]);
    assert.deepEqual(await namesIn(root), ["model"]);
  }));

Deno.test("removeOutputFolder() removes what may be replaced, and minds nothing that is not there", () =>
  inTemporaryFolder(async (root) => {
    await replaceFolder(at(`${root}/model`), fill);
    await removeOutputFolder(at(`${root}/model`));
    await removeOutputFolder(at(`${root}/model`));
    assert.deepEqual(await namesIn(root), []);
  }));

Deno.test("replaceFolder() leaves the old folder alone and nothing beside it when the process ends in between", () =>
  inTemporaryFolder(async (root) => {
    await replaceFolder(at(`${root}/model`), fill);
    const module = new URL("../../src/files/output_folder.ts", import.meta.url).href;
    const script = `
      const { kindByNames, replaceFolder } = await import(${JSON.stringify(module)});
      const kind = kindByNames("a model", "proof.json", { keys: ["proof"], names: /^weights\\.bin$/ });
      await replaceFolder({ path: ${JSON.stringify(`${root}/model`)}, kind, inputs: [] }, async (folder) => {
        await Deno.writeTextFile(folder + "/weights.bin", "half");
        (await import("node:process")).default.exit(130);
      });`;
    await writeFile(`${root}/end.js`, script);
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-all", `${root}/end.js`],
      env: { DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    assert.equal(code, 130);
    assert.deepEqual(await namesIn(root), ["end.js", "model"]);
    assert.equal(await readFile(`${root}/model/weights.bin`, "utf8"), "new");
  }));
