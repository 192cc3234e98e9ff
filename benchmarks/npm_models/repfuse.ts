/**
 * The commands as a person gives them, in this process.
 *
 * @module
 */
import { COMMANDS } from "../../src/cli/commands.ts";
import { TERMINAL } from "../../src/cli/terminal.ts";

/**
 * Runs a command, without progress.
 *
 * @param args As they are typed.
 * @returns What it prints with `--json`.
 */
export async function repfuse(name: keyof typeof COMMANDS, ...args: readonly string[]): Promise<unknown> {
  const command = await COMMANDS[name]();
  const write = TERMINAL.write;
  let printed = "";
  TERMINAL.write = (text) => void (printed += text);
  try {
    await command.parseAsync([...args, "--json", "--quiet"], { from: "user" });
  } finally {
    TERMINAL.write = write;
  }
  return JSON.parse(printed);
}
