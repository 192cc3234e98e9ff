/**
 * Progress on stderr: one redrawn line on a terminal, plain lines otherwise, nothing when quiet.
 *
 * @module
 */
import type { Progress } from "../progress.ts";

/** What {@link createProgress} writes to. */
export interface ProgressStream {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
  /** Columns of the terminal. */
  columns(): number;
}

/** At most this many redraws: more would cost time and nobody could read them. */
const REDRAW_INTERVAL_MS = 100;

const ERASE_LINE = "\r\x1b[2K";

const STDERR: ProgressStream = {
  writeSync: (bytes) => Deno.stderr.writeSync(bytes),
  isTerminal: () => Deno.stderr.isTerminal(),
  columns: () => Deno.consoleSize().columns,
};

/**
 * A progress display.
 *
 * @param options `quiet` silences it. `stream` is stderr unless a test gives its own.
 */
export function createProgress(options: { quiet: boolean; stream?: ProgressStream }): Progress {
  if (options.quiet) return { update: () => {}, log: () => {} };
  const stream = options.stream ?? STDERR;
  const write = (text: string) => stream.writeSync(new TextEncoder().encode(text));
  if (!stream.isTerminal()) return { update: () => {}, log: (line) => void write(line + "\n") };
  let drawnAtMs = -Infinity;
  let drawn = false;
  return {
    update(line) {
      const nowMs = performance.now();
      if (nowMs - drawnAtMs < REDRAW_INTERVAL_MS) return;
      drawnAtMs = nowMs;
      drawn = true;
      // A line that fills the terminal would wrap, and a wrapped line cannot be erased.
      write(ERASE_LINE + line.slice(0, stream.columns() - 1));
    },
    log(line) {
      write((drawn ? ERASE_LINE : "") + line + "\n");
      drawn = false;
      drawnAtMs = -Infinity;
    },
  };
}
