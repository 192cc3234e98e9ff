/**
 * Ctrl-C: where the work can save itself, the first one asks it to save and stop; the next one, and the first one
 * elsewhere, ends the process at once. The screen is left clean either way.
 *
 * @module
 */
import process from "node:process";
import { TERMINAL } from "./terminal.ts";

/** The exit code of an interrupted process. */
const INTERRUPTED_EXIT = 130;

/**
 * One Ctrl-C may arrive twice, from the terminal and from `deno task`, which hands it on; no person presses twice so fast,
 * in ms.
 */
const SAME_PRESS_MS = 150;

let pressedMs = -Infinity;

let saving: AbortController | undefined;

/** Listens for SIGINT and SIGTERM as long as the process lives. `runTask` calls it once. */
export function listenForInterrupts(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
}

/**
 * Does work that can save itself: its signal fires on the first Ctrl-C, and it must stop by itself soon after.
 *
 * @param work Gets the signal, and a function to call when nothing is left that needs saving: from then on the first
 *   Ctrl-C ends the process.
 * @returns What the work gives.
 */
export async function untilInterrupted<T>(
  work: (signal: AbortSignal, saved: () => void) => Promise<T>,
): Promise<T> {
  saving = new AbortController();
  const saved = () => saving = undefined;
  try {
    return await work(saving.signal, saved);
  } finally {
    saved();
  }
}

/**
 * Waits until the other half of a Ctrl-C has come, where the first has: it would end a process that is on its way out, and
 * `deno task` with it, with another exit code than the work's.
 */
export async function outlastInterrupt(): Promise<void> {
  const leftMs = pressedMs + SAME_PRESS_MS - performance.now();
  if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
}

function interrupt(): void {
  const sincePressedMs = performance.now() - pressedMs;
  if (sincePressedMs < SAME_PRESS_MS) return;
  pressedMs = performance.now();
  if (saving !== undefined && !saving.signal.aborted) {
    saving.abort();
    return;
  }
  TERMINAL.writeError("interrupted\n");
  process.exit(INTERRUPTED_EXIT);
}
