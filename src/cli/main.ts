#!/usr/bin/env node
/**
 * `repfuse <command>`: every task as a command of the installed package. A command's modules are loaded when it is asked for.
 *
 * @module
 */
import process from "node:process";
import { InputError } from "../errors.ts";
import { nearestName } from "../text/nearest_name.ts";
import { print, runTask } from "./command.ts";
import { COMMANDS, isCommandName } from "./commands.ts";
import { exitCodeOf, formatError } from "./errors.ts";
import { TERMINAL } from "./terminal.ts";
import { VERSION } from "./version.ts";

const NAME = "repfuse";

const [name, ...args] = process.argv.slice(2);
if (name === undefined || name === "--help" || name === "-h" || name === "help") print(await overview());
else if (name === "--version" || name === "-V") print(VERSION);
else await run(name, args);

async function run(name: string, args: readonly string[]): Promise<void> {
  const load = isCommandName(name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    const near = nearestName(name, Object.keys(COMMANDS));
    const error = new InputError(
      `${NAME} has no command ${name}.`,
      near === undefined ? `See them all: ${NAME} --help` : `Did you mean ${near}?`,
    );
    TERMINAL.writeError(formatError(error, false) + "\n");
    process.exit(exitCodeOf(error));
  }
  const command = await load();
  command.name(`${NAME} ${command.name()}`);
  await runTask(command, args);
}

async function overview(): Promise<string> {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length));
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return [
    `Usage: ${NAME} <command> [options]`,
    "",
    "Commands:",
    ...names.map((name, i) => `  ${name.padEnd(width)}  ${commands[i]!.description()}`),
    "",
    `Every command has --help; ${NAME} --version says ${VERSION}.`,
  ].join("\n");
}
