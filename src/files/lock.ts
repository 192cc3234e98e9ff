/**
 * A lock among processes: a file that only one of them can make. Neither a file system nor Node.js knows when its holder was
 * killed, so a lock that is old counts as left behind.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { fileFault } from "./file_errors.ts";

/** How often a waiting process looks, in ms. */
const PAUSE_MS = 50;

/** After this time nobody is still at work, in ms: what is locked here takes seconds. */
const LEFT_BEHIND_MS = 60_000;

/**
 * Does something while no other process holds the same lock.
 *
 * @param path The file of the lock; its folder must be there. It is gone afterwards, however the process ends.
 * @throws when the file cannot be made.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  while (!await take(path)) await pause(PAUSE_MS);
  const release = () => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    const held = await stat(path).catch(() => undefined);
    if (fileFault(error) !== "there" || held?.isFile() === false) throw error;
    if (held !== undefined && Date.now() - held.mtimeMs > LEFT_BEHIND_MS) await rm(path, { force: true });
    return false;
  }
}
