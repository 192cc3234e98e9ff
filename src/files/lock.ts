/**
 * A lock among processes: a file that only one of them can make. Nothing tells when its holder was killed (to ask for
 * a process by its number takes a permission), so the holder touches it while it works, and a lock that nobody has touched
 * for some seconds counts as left behind.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { open, rm, stat, utimes } from "node:fs/promises";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as pause } from "node:timers/promises";
import { fileFault } from "./file_errors.ts";

/** How often a waiting process looks, in ms. */
const PAUSE_MS = 50;

/** How often the holder touches the file, in ms. */
const TOUCH_MS = 1_000;

/** A lock that was not touched for so long is left behind, in ms: many touches, since what is locked computes in between. */
const LEFT_BEHIND_MS = 15_000;

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
  const touching = setInterval(() => void touch(path), TOUCH_MS);
  touching.unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    process.off("exit", release);
    release();
  }
}

/** Marks the lock as held. It may be gone already, when the work has just ended. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
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
