/** A network of another program learns a person's own classes, by the commands that a person gives. */
import assert from "node:assert/strict";
import { cp, readFile, rename } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { runTask } from "./task.ts";

const CASE = fileURLToPath(
  new URL("../fixtures/cases/70-foreign-model-takes-0-to-255", import.meta.url),
);

Deno.test("train --from somebody's model.json learns new classes; fuse, evaluate, predict, bench and export take what comes of it", () =>
  inTemporaryFolder(async (folder) => {
    await cp(CASE, `${folder}/theirs`, { recursive: true });
    await rename(`${folder}/theirs/data`, `${folder}/my photos`);
    for (const part of ["train", "test"]) {
      await rename(`${folder}/my photos/${part}/red`, `${folder}/my photos/${part}/tomato`);
    }
    const done = async (task: string, ...words: string[]) => {
      const { code, stdout, stderr } = await runTask(folder, task, ...words);
      assert.equal(code, 0, stderr);
      return { stdout, stderr };
    };
    const words = ["--from", "theirs", "--data", "my photos", "--epochs", "30"];
    const { stdout, stderr } = await done("train", ...words, "--name", "mine");
    assert.match(
      stderr,
      /from theirs: 3 images a class of 16 x 16 pixels, all of it up to its 3 features is frozen/,
    );
    assert.doesNotMatch(stderr, /assumed/, "its Rescaling says which pixels it takes");
    assert.match(stdout, /Test accuracy 100\.00%/);
    const proof = JSON.parse((await done("fuse", "mine", "--json")).stdout);
    assert.equal(proof.changedPredictions, 0);
    assert.match((await done("evaluate", "mine")).stdout, /accuracy 100\.00% \(9 of 9\)/);
    assert.match((await done("predict", "theirs/red.png", "--model", "mine")).stdout, /tomato/);
    await done("bench", "mine", "--rounds", "1", "--batches", "1");
    for (const format of ["tfjs", "onnx", "module"]) {
      const { output } = JSON.parse((await done("export", "mine", "--format", format, "--json")).stdout);
      const named = format === "onnx" ? `${output}/model.onnx` : output;
      assert.match((await done("predict", "theirs/red.png", "--model", named)).stdout, /tomato/, format);
    }
    const onnx = ["--from", "runs/mine/export/onnx/model.onnx", "--data", "my photos", "--epochs", "30"];
    assert.match((await done("train", ...onnx, "--name", "again")).stdout, /Test accuracy 100\.00%/);
    const [first, second] = await Promise.all(
      ["mine", "again"].map(async (name) =>
        JSON.parse(await readFile(`${folder}/runs/${name}/config.json`, "utf8")).from.normalization
      ),
    );
    assert.deepEqual(second, first);

    const cases: [string, string[], RegExp][] = [
      ["train", [...words, "--freeze", "1"], /stages are not known here[^]*Leave --freeze out/],
      ["train", [...words, "--image-size", "32"], /takes images of 16 x 16 pixels; these are 32 x 32/],
      ["train", ["--pixels", "0..1"], /--pixels is about a network that is fine-tuned, and none is named/],
      ["export", ["mine", "--format", "safetensors"], /others go to --format onnx/],
      ["export", ["mine", "--format", "torch-train"], /fine-tuning \(--from\) is not carried over/],
    ];
    for (const [task, flags, message] of cases) {
      const { code, stderr } = await runTask(folder, task, ...flags);
      assert.deepEqual([code, message.test(stderr)], [2, true], stderr);
    }
  }));
