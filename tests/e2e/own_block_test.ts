/** A person's own block, from the file of `examples/` to a proven network, without the file from then on. */
import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { inWorkplace, onlyRun, runTask } from "./task.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A copy of the example, as a person has it in a folder of their own. */
async function copyExample(folder: string, extra = ""): Promise<void> {
  const text = await readFile(`${ROOT}examples/my_block.ts`, "utf8");
  await writeFile(`${folder}/my_block.ts`, text.replace("../src/", `${ROOT}src/`) + extra);
}

const TRAIN = ["--config", "small.json", "--block", "my_block.ts"];

Deno.test("the block of examples/my_block.ts trains, and fuses with the proof when the file is gone", () =>
  inWorkplace(async (folder) => {
    await copyExample(folder);
    const train = await runTask(
      folder,
      "train",
      ...TRAIN,
      ...["--set", "cross=false", "--set", "padding=explicit"],
      "--epochs",
      "1",
    );
    assert.equal(train.code, 0, train.stderr);
    const run = onlyRun(folder);
    assert.match(run, /-custom-my-block$/);
    const { network } = JSON.parse(await readFile(`${folder}/${run}/config.json`, "utf8"));
    assert.equal(network.file.path, "my_block.ts");
    assert.equal(network.cross, false);
    await rm(`${folder}/my_block.ts`);
    const fuse = await runTask(folder, "fuse", "--json");
    assert.equal(fuse.code, 0, fuse.stderr);
    assert.equal(JSON.parse(fuse.stdout).convolutionsAfter, 3);
    const record = JSON.parse(await readFile(`${folder}/${run}/fused/fusion.json`, "utf8"));
    assert.equal(record.proof.pass, true);
    assert.deepEqual(record.refusals, []);
    for (const task of [["evaluate"], ["inspect"], ["export", "--format", "onnx"]]) {
      const { code, stderr } = await runTask(folder, ...task as [string]);
      assert.equal(code, 0, `${task}: ${stderr}`);
    }
    const torch = await runTask(folder, "export", "--format", "safetensors");
    assert.equal(torch.code, 2);
    assert.match(torch.stderr, /block from a person's own file[^]*ONNX/);
  }));

Deno.test("train --resume wants the file of a person's own block named again, and unchanged", () =>
  inWorkplace(async (folder) => {
    await copyExample(folder);
    const train = await runTask(folder, "train", ...TRAIN, "--epochs", "1", "--name", "own");
    assert.equal(train.code, 0, train.stderr);
    const unnamed = await runTask(folder, "train", "--resume", "own");
    assert.equal(unnamed.code, 2);
    assert.match(
      unnamed.stderr,
      /only run where somebody names it[^]*train --resume runs\/own --block my_block\.ts/,
    );
    const named = await runTask(folder, "train", "--resume", "own", "--block", "my_block.ts");
    assert.equal(named.code, 0, named.stderr);
    assert.match(named.stderr, /going on after epoch 1/);
    await copyExample(folder, "\n// changed\n");
    const changed = await runTask(folder, "train", "--resume", "own", "--block", "my_block.ts");
    assert.equal(changed.code, 2);
    assert.match(changed.stderr, /not the one that runs\/own began with/);
  }));

Deno.test("train says what is wrong with a person's own block in one line", () =>
  inWorkplace(async (folder) => {
    const failure = async (text: string) => {
      await writeFile(`${folder}/my_block.ts`, text);
      const { code, stderr } = await runTask(folder, "train", ...TRAIN);
      assert.equal(code, 2, stderr);
      assert.doesNotMatch(stderr, /\/src\/.*\.ts:\d/);
      return stderr;
    };
    assert.match(await failure("export const blok = 1;"), /my_block\.ts: it exports no block, but blok/);
    assert.match(await failure("export const block = {"), /Cannot import the block in my_block\.ts: /);
    assert.match(await failure('throw new Error("not today");'), /my_block\.ts: not today/);
    await rm(`${folder}/my_block.ts`);
    const { code, stderr } = await runTask(folder, "train", ...TRAIN);
    assert.equal(code, 2);
    assert.match(stderr, /my_block\.ts/);
  }));

Deno.test("train takes a person's own block that knows no groups, and one whose kernels do not train", () =>
  inWorkplace(async (folder) => {
    const file = `${ROOT}examples/ecbsr.ts`;
    const args = ["--config", "small.json", "--block", file, "--epochs", "2", "--json"];
    const { code, stdout, stderr } = await runTask(folder, "train", ...args);
    assert.equal(code, 0, stderr);
    const { run } = JSON.parse(stdout);
    const again = await runTask(folder, "train", "--resume", run, "--block", file, "--json");
    assert.equal(again.code, 0, again.stderr);
    assert.equal(JSON.parse(again.stdout).testAccuracy, JSON.parse(stdout).testAccuracy);
    const fuse = await runTask(folder, "fuse", "--json");
    assert.equal(fuse.code, 0, fuse.stderr);
    assert.equal(JSON.parse(fuse.stdout).convolutionsAfter, 3);
  }));
