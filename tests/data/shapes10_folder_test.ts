import assert from "node:assert/strict";
import { loadDataset } from "../../src/data/load.ts";
import { drawShapes, SHAPE_NAMES, SHAPES10, type ShapesRecipe } from "../../src/data/shapes.ts";
import { loadBuiltIn } from "../../src/data/shapes10_folder.ts";
import { InputError, WorkError } from "../../src/errors.ts";
import { rejectsInput } from "./support.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const RECIPE: ShapesRecipe = { ...SHAPES10, trainCount: 40, testCount: 20 };
const FILES = [
  "classes.txt",
  "test-images-idx4-ubyte",
  "test-labels-idx1-ubyte",
  "train-images-idx4-ubyte",
  "train-labels-idx1-ubyte",
];

Deno.test("loadBuiltIn() draws the set on first use, and reads it afterwards", async () => {
  await inTemporaryFolder(async (parent) => {
    const folder = `${parent}/data/shapes10`;
    const messages: string[] = [];
    const options = { onProgress: (message: string) => messages.push(message) };
    const drawn = await loadBuiltIn("shapes10", options, folder, RECIPE);
    assert.equal(messages.length, 1);
    assert.match(messages[0]!, /60 images/);
    assert.deepEqual([drawn.name, drawn.height, drawn.width, drawn.channels], ["shapes10", 32, 32, 3]);
    assert.deepEqual(drawn.classNames, SHAPE_NAMES);
    assert.deepEqual(drawn.train, drawShapes("train", 40, RECIPE));
    assert.deepEqual(drawn.test, drawShapes("test", 20, RECIPE));

    const written = await modificationTimes(folder);
    assert.deepEqual(await loadBuiltIn("shapes10", options, folder, RECIPE), drawn);
    assert.equal(messages.length, 1);
    assert.deepEqual(await modificationTimes(folder), written);
    assert.deepEqual({ ...await loadDataset(folder), name: "shapes10" }, drawn); // it is a folder of IDX files as well
  });
});

for (const name of FILES) {
  Deno.test(`loadBuiltIn() refuses a set whose ${name} is damaged, cut or missing`, async () => {
    await inTemporaryFolder(async (folder) => {
      await loadBuiltIn("shapes10", {}, folder, RECIPE);
      const path = `${folder}/${name}`;
      const bytes = await Deno.readFile(path);
      const damaged = bytes.map((byte, i) => i === bytes.length - 1 ? byte ^ 1 : byte);
      for (const content of [damaged, bytes.subarray(0, bytes.length - 1)]) {
        await Deno.writeFile(path, content);
        await rejectsInput(
          () => loadBuiltIn("shapes10", {}, folder, RECIPE),
          path,
          "it is damaged",
          "SHA-256",
        );
      }
      await Deno.remove(path);
      await rejectsInput(() => loadBuiltIn("shapes10", {}, folder, RECIPE), folder, `${name} is missing`);
      await assert.rejects(
        () => loadBuiltIn("shapes10", {}, folder, RECIPE),
        (error) => error instanceof InputError && error.hint!.includes(`Delete the folder ${folder}`),
      );
    });
  });
}

Deno.test("loadBuiltIn() draws again over what an interruption left", async () => {
  await inTemporaryFolder(async (folder) => {
    const drawn = await loadBuiltIn("shapes10", {}, folder, RECIPE);
    await Deno.remove(`${folder}/checksum.json`); // it is written last
    await Deno.writeFile(`${folder}/train-images-idx4-ubyte`, Uint8Array.of(0, 0, 8));
    await Deno.writeFile(`${folder}/test-images-idx4-ubyte.partial`, Uint8Array.of(0));
    assert.deepEqual(await loadBuiltIn("shapes10", {}, folder, RECIPE), drawn);
    assert.deepEqual((await listNames(folder)).filter((name) => name.endsWith(".partial")), []);
  });
});

Deno.test("loadBuiltIn() draws again when the recipe changed", async () => {
  await inTemporaryFolder(async (folder) => {
    const before = await loadBuiltIn("shapes10", {}, folder, RECIPE);
    const after = await loadBuiltIn("shapes10", {}, folder, { ...RECIPE, contrast: 0.5 });
    assert.notEqual(after.checksum, before.checksum);
    assert.deepEqual(after.train, drawShapes("train", 40, { ...RECIPE, contrast: 0.5 }));
  });
});

Deno.test("loadBuiltIn() refuses a checksum file that is none, or names files elsewhere", async () => {
  await inTemporaryFolder(async (folder) => {
    await loadBuiltIn("shapes10", {}, folder, RECIPE);
    const path = `${folder}/checksum.json`;
    for (
      const content of ['{"recipe":', "[]", "null", '{"recipe":{}}', '{"recipe":{},"files":{"../x":"00"}}']
    ) {
      await Deno.writeTextFile(path, content);
      await rejectsInput(() => loadBuiltIn("shapes10", {}, folder, RECIPE), path);
      await assert.rejects(
        () => loadBuiltIn("shapes10", {}, folder, RECIPE),
        (error) => error instanceof InputError && error.hint!.includes(`Delete the folder ${folder}`),
      );
    }
  });
});

Deno.test("loadBuiltIn() says so when the folder cannot be written", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.lock`); // where a file has to go
    await assert.rejects(
      () => loadBuiltIn("shapes10", {}, folder, RECIPE),
      (error) => error instanceof WorkError && error.message.includes(`Cannot write Shapes10 to ${folder}`),
    );
  });
});

Deno.test("loadBuiltIn() is drawn once when several ask for it at the same time", async () => {
  await inTemporaryFolder(async (folder) => {
    const messages: string[] = [];
    const options = { onProgress: (message: string) => messages.push(message) };
    const all = await Promise.all([1, 2, 3].map(() => loadBuiltIn("shapes10", options, folder, RECIPE)));
    assert.deepEqual(new Set(all.map(({ checksum }) => checksum)).size, 1);
    assert.equal(messages.length, 1);
  });
});

async function listNames(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

async function modificationTimes(folder: string): Promise<(number | undefined)[]> {
  return await Promise.all(
    FILES.map(async (name) => (await Deno.stat(`${folder}/${name}`)).mtime?.getTime()),
  );
}
