/**
 * The two streams of the process, in one hand, since they meet on one screen: whatever is printed, on stdout or on stderr,
 * first erases the progress line that is drawn there.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";

/** One stream. */
export interface Sink {
  /** Writes all of it before it returns. */
  write(text: string): void;
  /** Columns of the terminal behind it; undefined where there is none, as in a file or a pipe. */
  columns(): number | undefined;
}

/** What a process ends with when nobody reads what it prints: 128 + SIGPIPE, as other programs do. */
const BROKEN_PIPE_EXIT = 141;

/** To the start of the line, and erase it. */
const ERASE_LINE = "\r\x1b[2K";

/** stdout for results, stderr for everything else. */
export class Terminal {
  private drawn = false;

  constructor(private readonly out: Sink, private readonly err: Sink) {}

  /** Columns for a text on stdout; no limit where that is not a terminal. */
  get columns(): number {
    return this.out.columns() ?? Infinity;
  }

  /** Columns for the progress line; undefined where it cannot be redrawn. */
  get progressColumns(): number | undefined {
    return this.err.columns();
  }

  /** Writes a text to stdout as it is. */
  write(text: string): void {
    this.erase();
    this.out.write(text);
  }

  /** Writes a text to stderr as it is. */
  writeError(text: string): void {
    this.erase();
    this.err.write(text);
  }

  /** Draws the progress line in the place of the one before. It must be narrower than the terminal. */
  redraw(line: string): void {
    this.drawn = true;
    this.err.write(ERASE_LINE + line);
  }

  /** Takes the progress line away. */
  erase(): void {
    if (!this.drawn) return;
    this.drawn = false;
    this.err.write(ERASE_LINE);
  }
}

/** The terminal of this process. */
export const TERMINAL = new Terminal(sinkOf(1, () => process.stdout), sinkOf(2, () => process.stderr));

function sinkOf(descriptor: number, stream: () => { isTTY?: boolean; columns?: number }): Sink {
  return {
    write: (text) => writeAll(descriptor, new TextEncoder().encode(text)),
    columns() {
      const { isTTY, columns } = stream();
      return isTTY === true && columns !== undefined && columns > 0 ? columns : undefined;
    },
  };
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      // A pipe that is full for the moment.
      if (code === "EAGAIN") continue;
      // The reader has seen enough, or the terminal is gone: `repfuse inspect | head`.
      if (code === "EPIPE" || code === "EIO") process.exit(BROKEN_PIPE_EXIT);
      throw error;
    }
  }
}
