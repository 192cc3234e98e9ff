/** A person's own photos, of sizes and formats as they come, with one that is bad. */
import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { plainPng } from "../data/image_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { runTask } from "./task.ts";

const PICTURES = fileURLToPath(new URL("../fixtures/pictures/", import.meta.url));

Deno.test("a folder of photos trains, fuses and evaluates without a flag about sizes, bad ones left out when told to", () =>
  inTemporaryFolder(async (folder) => {
    for (const [i, name] of ["cat", "dog", "owl"].entries()) {
      await mkdir(`${folder}/photos/${name}`, { recursive: true });
      for (let j = 0; j < 4; j++) {
        const file = `${folder}/photos/${name}/${j}.png`;
        await writeFile(file, await plainPng(50 + j, 40 + i, [90 * i, 20 * j, 9]));
      }
    }
    for (const name of ["rgb.jpg", "lossy.webp", "rgb.avif", "plain.gif"]) {
      await cp(`${PICTURES}${name}`, `${folder}/photos/owl/${name}`);
    }
    await cp(`${PICTURES}photo.heic`, `${folder}/photos/dog/x.heic`);

    const words = [
      "--data",
      "photos",
      "--preset",
      "tiny",
      "--epochs",
      "1",
      "--name",
      "mine",
      "--threads",
      "1",
    ];
    const refused = await runTask(folder, "train", ...words);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /x\.heic: it is a HEIC photo[^]*--skip-bad/);

    const trained = await runTask(folder, "train", ...words, "--skip-bad");
    assert.equal(trained.code, 0, trained.stderr);
    assert.match(trained.stderr, /brought to 32 x 32 pixels/);
    assert.match(trained.stderr, /1 picture of photos left out:\n.*x\.heic/);
    assert.match(trained.stderr, /training images of 32 x 32 pixels, so 1 epoch in batches of \d/);
    const { data, training } = JSON.parse(await readFile(`${folder}/runs/mine/config.json`, "utf8"));
    assert.deepEqual([data.imageSize, data.skipBad, training.epochs], [32, true, 1]);

    assert.equal((await runTask(folder, "fuse", "mine")).code, 0);
    const evaluated = await runTask(folder, "evaluate", "mine", "--json");
    assert.equal(evaluated.code, 0, evaluated.stderr);
    assert.doesNotMatch(evaluated.stderr, /has changed/);
    for (const { picture } of JSON.parse(evaluated.stdout).mistakes) assert.match(picture, /^photos\//);
  }));
