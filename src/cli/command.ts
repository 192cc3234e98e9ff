/**
 * The command line, in one place: commander behind a narrow door, so that another parser is a change to this file only.
 * Every task is `await runTask(newCommand(...).option(...).action(...))`.
 *
 * @module
 */
import process from "node:process";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { CommanderError } from "commander";
import { exitCodeOf, formatError } from "./errors.ts";
import { listenForInterrupts, outlastInterrupt } from "./interrupt.ts";
import { asTyped, isDenoTask, programName } from "./program_name.ts";
import { TERMINAL } from "./terminal.ts";

/** The widest that a help text is set, in columns. */
const HELP_COLUMNS = 110;

/**
 * A command with the flags that every task has: `--json`, `--quiet` and `--debug`.
 *
 * @param name As it is typed: `repfuse <name>`.
 * @param description What the command does, in one line.
 */
export function newCommand(name: string, description: string) {
  return new Command(name)
    .description(description)
    .option("--json", "print exactly one JSON object on stdout", false)
    .option("--quiet", "no progress", false)
    .option("--debug", "show stack traces", false)
    .helpOption("-h, --help", "show this help")
    .showHelpAfterError("(run it with --help to see every flag)")
    .configureOutput(OUTPUT)
    .exitOverride();
}

/** How commander prints: as everything else does, without asking the environment for colours. */
const OUTPUT = {
  writeOut: (text: string) => TERMINAL.write(asTyped(text)),
  writeErr: (text: string) => TERMINAL.writeError(asTyped(text)),
  getOutHelpWidth: () => Math.min(HELP_COLUMNS, TERMINAL.columns),
  getErrHelpWidth: () => Math.min(HELP_COLUMNS, TERMINAL.columns),
  getOutHasColors: () => false,
  getErrHasColors: () => false,
};

/** What {@link runTask} needs of a command. */
export interface Runnable {
  description(): string;
  name(): string;
  name(text: string): unknown;
  parseAsync(argv: readonly string[], options: { from: "user" }): Promise<unknown>;
}

/**
 * Parses the arguments, runs the command's action and leaves the process with the documented exit code. A leading `--`
 * is dropped, since people type `repfuse train -- --epochs 3`.
 *
 * @param command A command with its action.
 * @param args The arguments; the process's own when not given.
 */
export async function runTask(
  command: Runnable,
  args: readonly string[] = process.argv.slice(2),
): Promise<never> {
  const words = args[0] === "--" ? args.slice(1) : args;
  listenForInterrupts();
  if (isDenoTask()) {
    goWhereThePersonStands();
    command.name(`${programName()} ${command.name()}`);
  }
  let code = 0;
  try {
    await command.parseAsync(words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has already written its own message.
      code = error.exitCode === 0 ? 0 : 2;
    } else {
      TERMINAL.writeError(asTyped(formatError(error, words.includes("--debug"))) + "\n");
      code = exitCodeOf(error);
    }
  }
  TERMINAL.erase();
  await outlastInterrupt();
  process.exit(code);
}

/**
 * `deno task` starts every task in the project's folder and says in INIT_CWD where the person stands. From there on every
 * relative path is theirs.
 */
function goWhereThePersonStands(): void {
  const folder = process.env["INIT_CWD"];
  if (folder !== undefined && folder !== "") process.chdir(folder);
}

/**
 * A parser for an option that takes a whole number.
 *
 * @param minimum The least value that makes sense.
 * @param maximum The greatest one.
 */
export function wholeNumber(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number ${rangeText(minimum, maximum)}.`);
  };
}

/**
 * A parser for an option that takes a number.
 *
 * @param minimum The least value that makes sense.
 * @param maximum The greatest one.
 */
export function decimal(minimum: number, maximum = Number.MAX_VALUE): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a number ${rangeText(minimum, maximum)}.`);
  };
}

/** A parser for an option that takes whole numbers with commas between them: `1,8,32`. */
export function wholeNumbers(minimum: number, maximum?: number): (text: string) => number[] {
  const parse = wholeNumber(minimum, maximum);
  return (text) => text.split(",").map(parse);
}

/** A parser for an option that takes numbers with commas between them: `0.485,0.456,0.406`. */
export function numbers(text: string): number[] {
  return text.split(",").map(decimal(-Number.MAX_VALUE));
}

/** Writes one line, or several, to stdout: results only, never progress. Commands stand in it as they are typed. */
export function print(text: string): void {
  TERMINAL.write(asTyped(text) + "\n");
}

/** Writes a value to stdout as one line of JSON. */
export function printJson(value: unknown): void {
  TERMINAL.write(JSON.stringify(value) + "\n");
}

/** Columns for what is printed; no limit where nobody looks at a terminal. */
export function printColumns(): number {
  return TERMINAL.columns;
}

function rangeText(minimum: number, maximum: number): string {
  return maximum < Number.MAX_SAFE_INTEGER ? `from ${minimum} to ${maximum}` : `of at least ${minimum}`;
}
