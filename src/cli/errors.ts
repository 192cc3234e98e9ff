/**
 * From an error to what the person sees and to the exit code: 0 done, 1 failed, 2 wrong usage or bad input, 3 a gate
 * failed, 130 interrupted.
 *
 * @module
 */
import { ExpectedError, GateError, InputError, InterruptedError } from "../errors.ts";

/** The exit code that belongs to an error. An error that nobody foresaw is a failure: 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof InputError) return 2;
  if (error instanceof GateError) return 3;
  if (error instanceof InterruptedError) return 130;
  return 1;
}

/**
 * The text for stderr: the message, then the hint on a line of its own.
 *
 * @param error Anything that was thrown.
 * @param debug Whether to add the stack trace (`--debug`).
 */
export function formatError(error: unknown, debug: boolean): string {
  const lines = [`${error instanceof InterruptedError ? "interrupted" : "error"}: ${messageOf(error)}`];
  const hint = hintOf(error, debug);
  if (hint !== undefined) lines.push(hint);
  if (debug && error instanceof Error && error.stack !== undefined) lines.push(error.stack);
  return lines.join("\n");
}

function messageOf(error: unknown): string {
  if (isNotAllowed(error)) return `Deno did not allow it: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function hintOf(error: unknown, debug: boolean): string | undefined {
  if (error instanceof ExpectedError) return error.hint;
  if (isNotAllowed(error)) {
    return "The task's line in deno.json does not grant it. Run that line by yourself with a wider permission.";
  }
  return debug ? undefined : "This was not foreseen. Run it again with --debug to see where it happened.";
}

/** Whether Deno's permissions refused something. */
function isNotAllowed(error: unknown): error is Error {
  return error instanceof Error && error.name === "NotCapable";
}
