/** A run that is killed and resumed ends, byte for byte, as a run that never was. */
import assert from "node:assert/strict";
import { inWorkplace, onlyRun, runTask, startTask, toOutcome } from "./task.ts";

const TRAIN = ["--config", "small.json", "--keep", "best"];

/** What must not depend on interruptions. */
const FILES = [
  "metrics.jsonl",
  "checkpoints/last.safetensors",
  "checkpoints/best.safetensors",
  "snapshot/bn_snapshot.json",
  "snapshot/weights-1of1.bin",
  "curves.svg",
];

/** The files of the finished run, by name. The chart's title is the run's own name, which is the time. */
async function resultOf(folder: string): Promise<Map<string, string>> {
  const run = onlyRun(folder);
  const name = run.slice(run.indexOf("/") + 1);
  const read = async (file: string) => {
    const bytes = await Deno.readFile(`${folder}/${run}/${file}`);
    return new TextDecoder("latin1").decode(bytes).replaceAll(name, "<run>");
  };
  return new Map(await Promise.all(FILES.map(async (file) => [file, await read(file)] as const)));
}

async function uninterrupted(): Promise<Map<string, string>> {
  let result = new Map<string, string>();
  await inWorkplace(async (folder) => {
    const { code, stderr } = await runTask(folder, "train", ...TRAIN);
    assert.equal(code, 0, stderr);
    result = await resultOf(folder);
  });
  return result;
}

/** Waits until the run has finished so many epochs; 0 waits for its configuration alone. */
async function waitForEpoch(folder: string, epochs: number): Promise<void> {
  for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs;) {
    try {
      const file = epochs === 0 ? "environment.json" : "metrics.jsonl";
      const text = await Deno.readTextFile(`${folder}/${onlyRun(folder)}/${file}`);
      if (text.split("\n").length > epochs) return;
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the run did not reach epoch ${epochs}`);
}

Deno.test("train --resume ends bit-identically when the process was killed after any epoch", async () => {
  const expected = await uninterrupted();
  for (const epoch of [0, 1, 2, 3]) {
    await inWorkplace(async (folder) => {
      const child = startTask(folder, "train", ...TRAIN);
      await waitForEpoch(folder, epoch);
      child.kill("SIGKILL");
      await child.output();
      const { code, stderr } = await runTask(folder, "train", "--resume");
      assert.equal(code, 0, stderr);
      assert.deepEqual(await resultOf(folder), expected, `killed after epoch ${epoch}`);
    });
  }
});

Deno.test("train saves in the middle of an epoch and exits 130 when Ctrl-C is pressed", async () => {
  const expected = await uninterrupted();
  await inWorkplace(async (folder) => {
    const child = startTask(folder, "train", ...TRAIN);
    await waitForEpoch(folder, 1);
    child.kill("SIGINT");
    const { code, stderr } = toOutcome(await child.output());
    assert.equal(code, 130, stderr);
    assert.match(stderr, /interrupted: the run runs\/.* is saved after step \d of epoch \d/);
    assert.match(stderr, /deno task train --resume runs\//);
    const resumed = await runTask(folder, "train", "--resume", onlyRun(folder));
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(await resultOf(folder), expected);
  });
});

Deno.test("train --resume changes nothing when the run is finished", async () => {
  await inWorkplace(async (folder) => {
    await runTask(folder, "train", ...TRAIN);
    const expected = await resultOf(folder);
    const { code, stdout } = await runTask(folder, "train", "--resume", "--json");
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).epochs, 4);
    assert.deepEqual(await resultOf(folder), expected);
  });
});
