import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import {
  createRunDirectory,
  findRun,
  isRunName,
  listRuns,
  namedFolder,
} from "../../src/run/run_directory.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** Runs a test with the path of a folder for runs, which does not exist yet. */
function inFolder(work: (root: string) => Promise<void>): Promise<void> {
  return inTemporaryFolder((folder) => work(`${folder}/runs`));
}

const at = (minute: number) => new Date(Date.UTC(2030, 0, 2, 3, minute, 5));

async function startRun(root: string, minute: number): Promise<string> {
  const run = await createRunDirectory("toy", at(minute), root);
  await begin(run.path, minute);
  return run.path;
}

/** What a run writes first. */
async function begin(folder: string, minute: number): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/config.json`, "{}");
  await Deno.writeTextFile(
    `${folder}/environment.json`,
    JSON.stringify({ startedAt: at(minute).toISOString() }),
  );
}

Deno.test("createRunDirectory() names the run by time and preset, and never twice the same", () =>
  inFolder(async (root) => {
    const first = await createRunDirectory("toy", at(4), root);
    const second = await createRunDirectory("toy", at(4), root);
    assert.equal(first.path, `${root}/2030-01-02T03-04-05-toy`);
    assert.equal(second.path, `${root}/2030-01-02T03-04-05-toy-2`);
  }));

Deno.test("findRun() takes the newest run that has come far enough", () =>
  inFolder(async (root) => {
    const older = await startRun(root, 1);
    const newer = await startRun(root, 2);
    await Deno.mkdir(`${older}/snapshot`);
    await Deno.writeTextFile(`${older}/snapshot/bn_snapshot.json`, "{}");
    assert.deepEqual(await listRuns(root), [newer, older]);
    assert.equal((await findRun(undefined, "started", root)).path, newer);
    assert.equal((await findRun(undefined, "trained", root)).path, older);
  }));

Deno.test("listRuns() goes by the time at which runs were started, not by their names; findRun() takes a name", () =>
  inFolder(async (root) => {
    for (const [name, minute] of [["mine", 3], ["aardvark", 9], ["zebra", 1]] as const) {
      await begin(`${root}/${name}`, minute);
    }
    assert.deepEqual(await listRuns(root), ["aardvark", "mine", "zebra"].map((name) => `${root}/${name}`));
    assert.equal((await findRun("mine", "started", root)).path, `${root}/mine`);
  }));

Deno.test("findRun() says which command comes first when there is no such run", () =>
  inFolder(async (root) => {
    const run = await startRun(root, 1);
    const hintOf = async (named: string | undefined, stage: Parameters<typeof findRun>[1]) => {
      try {
        await findRun(named, stage, root);
      } catch (error) {
        assert.ok(error instanceof InputError);
        return `${error.message} ${error.hint}`;
      }
      return assert.fail("found a run");
    };
    assert.match(await hintOf(undefined, "trained"), /no trained run below .*repfuse train/);
    assert.match(await hintOf(run, "trained"), new RegExp(`repfuse train --resume ${run}`));
    assert.match(await hintOf(run, "fused"), new RegExp(`repfuse fuse ${run}`));
    assert.match(await hintOf(`${root}/nowhere`, "started"), /is not a run.*The newest run is/);
  }));

Deno.test("isRunName() takes plain names and nothing that means another folder", () => {
  for (const name of ["photos", "2030-01-02", "a.b_c", "7"]) assert.ok(isRunName(name), name);
  for (const name of ["", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a b", "-x", "a.", "é\0"]) {
    assert.ok(!isRunName(name), name);
  }
});

Deno.test("namedFolder() refuses a folder that is there, whatever it holds", () =>
  inFolder(async (root) => {
    assert.equal(await namedFolder("photos", root), `${root}/photos`);
    await Deno.mkdir(`${root}/photos`, { recursive: true });
    await assert.rejects(namedFolder("photos", root), /There is .*photos already/);
  }));
