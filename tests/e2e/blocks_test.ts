/** Every kind of block trains and fuses, each from the same configuration and one flag. */
import assert from "node:assert/strict";
import { BLOCK_KINDS } from "../../src/model/config.ts";
import { inWorkplace, onlyRun, runTask } from "./task.ts";

/** Convolutions of the fused form of `small.json`: one for each of its three blocks, two for MobileOne's. */
const CONVOLUTIONS = {
  repvgg: 3,
  qarepvgg: 3,
  unireplknet: 3,
  mobileone: 5,
  repvit: 8,
  fastvit: 3,
  dbb: 3,
  acnet: 3,
};

for (const kind of BLOCK_KINDS) {
  Deno.test(`train and fuse work when --block is ${kind}`, () =>
    inWorkplace(async (folder) => {
      const train = await runTask(
        folder,
        "train",
        ...["--config", "small.json", "--block", kind, "--epochs", "1", "--json"],
      );
      assert.equal(train.code, 0, train.stderr);
      const { run } = JSON.parse(train.stdout);
      assert.equal(run, onlyRun(folder));
      assert.match(run, new RegExp(`-custom-${kind}$`));

      const fuse = await runTask(folder, "fuse", "--json");
      assert.equal(fuse.code, 0, fuse.stderr);
      const summary = JSON.parse(fuse.stdout);
      assert.equal(summary.changedPredictions, 0);
      assert.equal(summary.convolutionsAfter, CONVOLUTIONS[kind]);
      assert.ok(summary.parametersAfter < summary.parametersBefore);
      const record = JSON.parse(await Deno.readTextFile(`${folder}/${run}/fused/fusion.json`));
      assert.equal(record.proof.pass, true);
      // What RepViT's block adds to its input starts behind an activation, and its input has two readers.
      const laws = record.refusals.map(({ law }: { law: string }) => law);
      assert.deepEqual(laws, kind === "repvit" ? ["cost", "oneReader", "add", "oneReader", "add"] : []);
    }));
}

Deno.test("train switches branches off when --set says so", () =>
  inWorkplace(async (folder) => {
    const { code, stderr } = await runTask(
      folder,
      "train",
      ...["--config", "small.json", "--epochs", "1"],
      ...["--set", "branches.identity=false", "--set", "branches.conv1x1=false"],
    );
    assert.equal(code, 0, stderr);
    const config = JSON.parse(await Deno.readTextFile(`${folder}/${onlyRun(folder)}/config.json`));
    assert.deepEqual(config.network.branches, { conv1x1: false, identity: false });
  }));
