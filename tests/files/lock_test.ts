import { deepEqual, equal, ok } from "node:assert/strict";
import { stat, utimes, writeFile } from "node:fs/promises";
import { exists } from "../../src/files/read.ts";
import { withLock } from "../../src/files/lock.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const SECOND = 1000;

/** Leaves a lock that was last touched so long ago. */
async function leaveLock(path: string, age: number): Promise<void> {
  await writeFile(path, "");
  const then = new Date(Date.now() - age);
  await utimes(path, then, then);
}

Deno.test("withLock() lets one process in at a time, and leaves no file", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/lock`;
    const events: string[] = [];
    const work = (name: string) => async () => {
      events.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      events.push(`${name} out`);
    };
    await Promise.all([withLock(path, work("a")), withLock(path, work("b"))]);
    deepEqual(events.map((event) => event.split(" ")[1]), ["in", "out", "in", "out"]);
    equal(await exists(path), false);
  }));

Deno.test("withLock() goes on where the holder was killed, and waits where it was at work a moment ago", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/lock`;
    await leaveLock(path, 5 * SECOND);
    const entered = withLock(path, () => Promise.resolve("in"));
    const winner = await Promise.race([
      entered,
      new Promise((resolve) => setTimeout(() => resolve("waits"), 200)),
    ]);
    equal(winner, "waits");
    await leaveLock(path, 20 * SECOND);
    equal(await entered, "in");
  }));

Deno.test("withLock() touches the lock while it works, so that long work is not taken for a killed process", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/lock`;
    await withLock(path, async () => {
      await leaveLock(path, 14 * SECOND);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      ok(Date.now() - (await stat(path)).mtimeMs < 3 * SECOND);
    });
    equal(await exists(path), false);
  }));
