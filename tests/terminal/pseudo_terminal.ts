/**
 * A pseudo-terminal, by `script` of util-linux, and what a person would see on it. Piped output hides what goes wrong on
 * a terminal: a question that waits for an answer, a line that is glued to the progress before it, a table that wraps.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeSync } from "node:fs";

/** What a process did on the terminal. */
export interface Session {
  readonly code: number;
  /** Everything that arrived, control sequences included. */
  readonly text: string;
  readonly columns: number;
}

/** How to run a command. */
export interface SessionOptions {
  readonly columns: number;
  /** The folder that the person stands in. */
  readonly folder: string;
  /** A key is pressed each time when this is seen, in turn. */
  readonly keys?: readonly (readonly [seen: RegExp, key: string])[];
  readonly timeoutMs?: number;
}

/** Ctrl-C. */
export const CTRL_C = "\x03";

/** A question of Deno's. */
const PROMPT = /Allow\?|Deno requests|\[y\/n/;

/** Of a failed session, so much of its end is shown. */
const SHOWN_CHARACTERS = 2000;

const DRAW = "\r\x1b[2K";

/** What only a progress line begins with; the lines that stay begin otherwise. */
const PROGRESS =
  /^(?:epoch \d+\/\d+ {2}step|\d+ (?:min|s)\b.* left|proof {2}\d|batch \d+ {2}round|evaluate {2}\d|quantization {2})/;

/** The progress of a training, which says how much time is left. */
const STEP = /^epoch \d+\/\d+ {2}step/;

// deno-lint-ignore no-control-regex
const CONTROL = /\x1b\[[0-9;?]*[A-Za-z]/g;

/** Runs a command on a terminal to its end. A prompt and a hang fail at once, with what stands on the screen. */
export async function onTerminal(
  command: readonly string[],
  { columns, folder, keys = [], timeoutMs = 120_000 }: SessionOptions,
): Promise<Session> {
  const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const shell = `stty rows 40 cols ${columns}; exec ${line}`;
  const child = spawn("script", ["-qefc", shell, "/dev/null"], {
    cwd: folder,
    env: { ...Deno.env.toObject(), INIT_CWD: folder, SHELL: "/bin/bash", TERM: "xterm-256color" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  let seenTo = 0;
  let failure: string | undefined;
  const stop = (reason: string) => {
    failure ??= reason;
    child.stdin.write(CTRL_C + CTRL_C);
    child.kill("SIGKILL");
  };
  const pending = [...keys];
  const watch = setTimeout(() => stop(`no end after ${timeoutMs / 1000} s`), timeoutMs);
  child.stdout.on("data", (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    if (PROMPT.test(text)) stop("a prompt");
    const next = pending[0];
    if (next !== undefined && next[0].test(text.slice(seenTo))) {
      pending.shift();
      seenTo = text.length;
      child.stdin.write(next[1]);
    }
  });
  const code = await new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? -1)));
  clearTimeout(watch);
  if (Deno.env.get("SHOW_TERMINAL") !== undefined) writeSync(2, `\n${"=".repeat(columns)}\n${text}`);
  const end = `${line}\n${text.slice(-SHOWN_CHARACTERS)}`;
  if (failure !== undefined) assert.fail(`${failure}: ${end}`);
  if (pending.length > 0) assert.fail(`${pending[0]![0]} was not seen: ${end}`);
  return { code, text, columns };
}

/** The lines that are left on the screen, and every progress line that was drawn on the way. */
export function readScreen({ text }: Session): { lines: string[]; drawn: string[] } {
  const lines: string[] = [];
  const drawn: string[] = [];
  for (const line of text.split("\n")) {
    const parts = line.replace(/\r$/, "").split(DRAW);
    lines.push(plain(parts.at(-1)!));
    drawn.push(...parts.slice(0, -1).map(plain).filter((part) => part !== ""));
  }
  return { lines, drawn };
}

/** Fails on progress that was not taken away, on progress that wraps or hides the time left, and on a table that is wider than the terminal. */
export function assertCleanScreen(session: Session): void {
  const { lines, drawn } = readScreen(session);
  const screen = `\n${session.text.slice(-SHOWN_CHARACTERS)}`;
  for (const line of lines) {
    assert.doesNotMatch(line, PROGRESS, `progress is left, or glued to a line: ${line}${screen}`);
  }
  for (const line of drawn) {
    // The terminal itself shows ^C where it is typed.
    const width = line.replaceAll("^C", "").length;
    assert.ok(
      width < session.columns,
      `progress of ${width} columns on ${session.columns}: ${line}${screen}`,
    );
    // Where room is short, the time left is last to go.
    if (STEP.test(line)) assert.match(line, / left(\^C)*$/, `how long it takes is cut: ${line}${screen}`);
  }
  for (const line of lines.filter((line) => line.startsWith("──"))) {
    assert.ok(
      line.length <= session.columns,
      `a table of ${line.length} columns on ${session.columns}${screen}`,
    );
  }
  assert.doesNotMatch(session.text, /\n\s+at \S+ \(?(file|ext|npm|node):/, `a stack trace${screen}`);
}

function plain(text: string): string {
  return text.replace(CONTROL, "");
}
