/**
 * How this program was started, and so how a person types its commands: `repfuse fuse` in a clone of the repository,
 * `repfuse fuse` where the package is installed. Every other room writes `repfuse fuse`.
 *
 * @module
 */
import process from "node:process";

/** The scripts behind the tasks of deno.json. */
const TASK_SCRIPT = /[\\/]tasks[\\/]\w+\.ts$/;

/** Whether this process is a task of deno.json. */
export function isDenoTask(): boolean {
  return TASK_SCRIPT.test(process.argv[1] ?? "");
}

/** What stands before the name of a command. */
export function programName(): string {
  return isDenoTask() ? "deno task" : "repfuse";
}

/** A text in which every command is written as it is typed here. */
export function asTyped(text: string, program = programName()): string {
  return text.replaceAll(/\brepfuse (?=[a-z])/g, `${program} `);
}
