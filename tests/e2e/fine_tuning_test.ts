/** A network that was trained on some classes learns others, of which there are few images. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { plainPng } from "../data/image_files.ts";
import { inWorkplace, runTask } from "./task.ts";

Deno.test("train --from learns new classes, fuse proves it, and predict answers with them", () =>
  inWorkplace(async (folder) => {
    for (const [i, name] of ["cat", "dog", "owl"].entries()) {
      await mkdir(`${folder}/photos/${name}`, { recursive: true });
      for (let j = 0; j < 6; j++) {
        await writeFile(
          `${folder}/photos/${name}/${j}.png`,
          await plainPng(50 + j, 40 + i, [120 * i, 20 * j, 9]),
        );
      }
    }
    const base = await runTask(folder, "train", "--config", "small.json", "--name", "base");
    assert.equal(base.code, 0, base.stderr);
    const words = ["--from", "base", "--data", "photos", "--epochs", "3", "--name", "tuned"];
    const tuned = await runTask(folder, "train", ...words, "--freeze", "1");
    assert.equal(tuned.code, 0, tuned.stderr);
    assert.match(tuned.stderr, /from base: \d images a class of 32 x 32 pixels, all stages are frozen/);
    const config = JSON.parse(await readFile(`${folder}/runs/tuned/config.json`, "utf8"));
    assert.deepEqual([config.from.freeze, config.data.imageSize, config.network.classCount], [1, 32, 3]);

    const fused = await runTask(folder, "fuse", "tuned", "--json");
    assert.equal(fused.code, 0, fused.stderr);
    assert.equal(JSON.parse(fused.stdout).changedPredictions, 0);
    const predicted = await runTask(folder, "predict", "photos/owl/0.png", "--model", "tuned");
    assert.equal(predicted.code, 0, predicted.stderr);
    assert.match(predicted.stdout, /cat|dog|owl/);

    const cases: [string[], RegExp][] = [
      [["--freeze", "2"], /Cannot freeze up to stage 2: base has 1 stage/],
      [["--block", "dbb"], /--from takes the network as it is: network key block/],
    ];
    for (const [flags, message] of cases) {
      const args = ["--from", "base", "--data", "photos", "--name", "other", ...flags];
      const { code, stderr } = await runTask(folder, "train", ...args);
      assert.deepEqual([code, message.test(stderr)], [2, true], stderr);
    }
    const lone = await runTask(folder, "train", "--freeze", "1");
    assert.deepEqual([lone.code, /Name it with --from/.test(lone.stderr)], [2, true], lone.stderr);
  }));
