/**
 * `--resume` goes on with what was configured before, so no flag that would change it may stand beside it.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { MANNER_FLAGS } from "./options.ts";

/** What is needed of a command: where the value of an option came from. */
interface Sourced {
  getOptionValueSource(name: never): string | undefined;
}

/**
 * Refuses every typed flag that changes a result.
 *
 * @param command The command that was parsed.
 * @param options Its options.
 * @param allowed Options that are to be typed again.
 * @throws {InputError} that names the flags.
 */
export function refuseFlagsWithResume(
  command: Sourced,
  options: object,
  allowed: readonly string[] = [],
): void {
  const surplus = Object.keys(options).filter((name) =>
    command.getOptionValueSource(name as never) === "cli" && name !== "resume" &&
    !MANNER_FLAGS.includes(name) &&
    !allowed.includes(name)
  );
  if (surplus.length === 0) return;
  const flags = surplus.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  throw new InputError(
    `--resume goes on with the configuration that it began with, so ${
      flags.join(", ")
    } cannot be given with it.`,
    "Leave the flags out, or start anew without --resume.",
  );
}
