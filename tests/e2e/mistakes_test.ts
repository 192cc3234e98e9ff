/** The mistakes that people make: each ends in one clear message and exit code 2. */
import assert from "node:assert/strict";
import { inWorkplace, onlyRun, runTask } from "./task.ts";

const MISTAKES: { name: string; task: string; args: string[]; says: RegExp }[] = [
  {
    name: "a mistyped flag",
    task: "train",
    args: ["--epoch", "3"],
    says: /unknown option '--epoch'\n\(Did you mean --epochs\?\)/,
  },
  {
    name: "a word for a number",
    task: "train",
    args: ["--epochs", "many"],
    says: /'many' is invalid.*whole number/,
  },
  { name: "no epochs", task: "train", args: ["--epochs", "0"], says: /of at least 1/ },
  {
    name: "a mistyped preset",
    task: "train",
    args: ["--preset", "tou", "--data", "small"],
    says: /There is no preset tou.*\n.*toy/,
  },
  { name: "a missing data set", task: "train", args: ["--data", "nowhere"], says: /nowhere/ },
  {
    name: "a missing configuration",
    task: "train",
    args: ["--config", "no.json"],
    says: /Cannot read no\.json \(expected a configuration\): there is no such file/,
  },
  { name: "R-Drop without dropout", task: "train", args: ["--r-drop", "1"], says: /needs a dropout above 0/ },
  {
    name: "flags with --resume",
    task: "train",
    args: ["--resume", "--epochs", "9"],
    says: /--epochs cannot be given with it/,
  },
  {
    name: "no run to resume",
    task: "train",
    args: ["--resume"],
    says: /no started run below runs\/.*\n.*deno task train/,
  },
  {
    name: "no run to fuse",
    task: "fuse",
    args: [],
    says: /no trained run below runs\/.*\n.*deno task train/,
  },
  { name: "no run to bench", task: "bench", args: [], says: /no fused run below runs\/.*\n.*deno task fuse/ },
  {
    name: "a folder that is no run",
    task: "fuse",
    args: ["small"],
    says: /small is not a run: it has no config\.json/,
  },
  {
    name: "a model that is missing",
    task: "fuse",
    args: ["lost/model.json"],
    says: /Cannot read lost\/model\.json \(expected a TensorFlow\.js model\.json\)/,
  },
  {
    name: "JSON that is no model",
    task: "fuse",
    args: ["small.json"],
    says: /small\.json is not a TensorFlow\.js model\.json/,
  },
  {
    name: "no run to inspect",
    task: "inspect",
    args: [],
    says: /no trained run below runs\/.*\n.*deno task train/,
  },
  {
    name: "a kind of block that there is not",
    task: "train",
    args: ["--block", "dbc"],
    says: /one of repvgg, qarepvgg, acnet, dbb, fastvit, /,
  },
  {
    name: "a key that the block does not have",
    task: "train",
    args: ["--data", "small", "--block", "dbb", "--set", "kernelsize=5"],
    says: /kernelsize is not a known key \(did you mean kernelSize\?\)/,
  },
  {
    name: "a training form that there is not",
    task: "ablate",
    args: ["--variants", "plain,dbc"],
    says: /one of plain, 1x1, identity, repvgg/,
  },
  {
    name: "no ablation to resume",
    task: "ablate",
    args: ["--resume"],
    says: /no ablation below runs\/.*\n.*deno task ablate/,
  },
  { name: "one argument too many", task: "fuse", args: ["a", "b"], says: /too many arguments/ },
];

for (const { name, task, args, says } of MISTAKES) {
  Deno.test(`${task} exits 2 with one clear message for ${name}`, () =>
    inWorkplace(async (folder) => {
      const { code, stdout, stderr } = await runTask(folder, task, ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
      assert.equal(stdout, "");
      assert.doesNotMatch(stderr, /\n\s+at /, "a stack trace");
    }));
}

Deno.test("train refuses a checkpoint by name when both are damaged, and the data when it was changed", () =>
  inWorkplace(async (folder) => {
    await runTask(folder, "train", "--config", "small.json", "--epochs", "2");
    const checkpoints = `${folder}/${onlyRun(folder)}/checkpoints`;
    await Deno.truncate(`${checkpoints}/last.safetensors`, 1000);
    const fallback = await runTask(folder, "train", "--resume");
    assert.equal(fallback.code, 0, fallback.stderr);
    assert.match(
      fallback.stderr,
      /last\.safetensors as safetensors: .*\n?.*Going on from .*previous\.safetensors/,
    );

    await Deno.truncate(`${checkpoints}/last.safetensors`, 1000);
    await Deno.truncate(`${checkpoints}/previous.safetensors`, 1000);
    const refused = await runTask(folder, "train", "--resume");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /last\.safetensors/);

    const labels = `${folder}/small/test-labels-idx1-ubyte`;
    const bytes = await Deno.readFile(labels);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1]! + 1) % 10;
    await Deno.writeFile(labels, bytes);
    const changed = await runTask(folder, "train", "--resume");
    assert.equal(changed.code, 2);
    assert.match(changed.stderr, /The data set small is not the one/);
  }));

Deno.test("every task explains itself and exits 0 when asked for help", () =>
  inWorkplace(async (folder) => {
    for (const task of ["train", "fuse", "inspect", "ablate", "bench", "pipeline"]) {
      const { code, stdout } = await runTask(folder, task, "--help");
      assert.equal(code, 0, task);
      assert.match(stdout, new RegExp(`Usage: deno task ${task} `));
    }
  }));
