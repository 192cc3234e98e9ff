/**
 * The command line, in one place: commander behind a narrow door, so that another parser is a change to this file only.
 * Every task is `await runTask(newCommand(...).option(...).action(...))`.
 *
 * @module
 */
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { CommanderError } from "commander";
import { exitCodeOf, formatError } from "./errors.ts";

/** Columns of a help text. Fixed, since asking the terminal needs a permission. */
const HELP_COLUMNS = 110;

/**
 * A command with the flags that every task has: `--json`, `--quiet` and `--debug`.
 *
 * @param name As it is typed: `deno task <name>`.
 * @param description What the command does, for its help.
 */
export function newCommand(name: string, description: string) {
  return new Command(`deno task ${name}`)
    .description(description)
    .option("--json", "print exactly one JSON object on stdout", false)
    .option("--quiet", "no progress", false)
    .option("--debug", "show stack traces", false)
    .helpOption("-h, --help", "show this help")
    .showHelpAfterError("(run it with --help to see every flag)")
    .configureOutput({
      writeOut: (text) => writeAll(Deno.stdout, text),
      writeErr: (text) => writeAll(Deno.stderr, text),
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
}

/** What {@link runTask} needs of a command. */
interface Parsable {
  parseAsync(argv: readonly string[], options: { from: "user" }): Promise<unknown>;
}

/**
 * Parses the arguments, runs the command's action and leaves the process with the documented exit code. A leading `--`
 * is dropped, since people type `deno task train -- --epochs 3`.
 *
 * @param command A command with its action.
 * @param args The arguments; the process's own when not given.
 */
export async function runTask(command: Parsable, args: readonly string[] = Deno.args): Promise<never> {
  const words = args[0] === "--" ? args.slice(1) : args;
  try {
    await command.parseAsync(words, { from: "user" });
  } catch (error) {
    // Commander has already written its own message.
    if (error instanceof CommanderError) Deno.exit(error.exitCode === 0 ? 0 : 2);
    writeAll(Deno.stderr, formatError(error, words.includes("--debug")) + "\n");
    Deno.exit(exitCodeOf(error));
  }
  Deno.exit(0);
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

/** Writes one line to stdout: results only, never progress. */
export function print(line: string): void {
  writeAll(Deno.stdout, line + "\n");
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

function rangeText(minimum: number, maximum: number): string {
  return maximum < Number.MAX_SAFE_INTEGER ? `from ${minimum} to ${maximum}` : `of at least ${minimum}`;
}
