/**
 * Progress on stderr: one redrawn line on a terminal, plain lines otherwise, nothing when quiet.
 *
 * @module
 */
import type { Progress } from "../progress.ts";
import { asTyped } from "./program_name.ts";
import { TERMINAL, type Terminal } from "./terminal.ts";

/** At most this many redraws: more would cost time and nobody could read them. */
const REDRAW_INTERVAL_MS = 100;

/** What stands between two parts of the line. */
const GAP = "  ";

const ELLIPSIS = "…";

/**
 * A progress display.
 *
 * @param options `quiet` silences it. `terminal` is the process's own unless a test gives another.
 */
export function createProgress(options: { quiet: boolean; terminal?: Terminal }): Progress {
  if (options.quiet) return { update: () => {}, log: () => {} };
  const terminal = options.terminal ?? TERMINAL;
  let drawnAtMs = -Infinity;
  return {
    update(...parts) {
      const columns = terminal.progressColumns;
      const nowMs = performance.now();
      if (columns === undefined || nowMs - drawnAtMs < REDRAW_INTERVAL_MS) return;
      drawnAtMs = nowMs;
      // A line that fills the terminal would wrap, and a wrapped line cannot be erased.
      terminal.redraw(fitParts(parts, columns - 1));
    },
    log(line) {
      terminal.writeError(asTyped(line) + "\n");
      drawnAtMs = -Infinity;
    },
  };
}

/**
 * As many parts of a progress line as fit: the last first, then from the first one on, and none after one that does not.
 *
 * @param columns The room there is. The last part alone is cut to it.
 */
export function fitParts(parts: readonly string[], columns: number): string {
  const last = parts.at(-1) ?? "";
  const kept: string[] = [];
  let length = last.length;
  for (const part of parts.slice(0, -1)) {
    length += part.length + GAP.length;
    if (length > columns) break;
    kept.push(part);
  }
  const line = [...kept, last].join(GAP);
  return line.length <= columns ? line : line.slice(0, Math.max(0, columns - 1)) + ELLIPSIS;
}
