/**
 * Pictures that cannot be read, among many: collected, and named together.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { formatCount } from "../text/quantities.ts";

/** Most pictures that a message names. */
const MOST_NAMED = 10;

/** One error for all pictures that cannot be used, with the ways round that their own errors know. */
export function allOf(errors: readonly InputError[], folder: string): InputError {
  const hints = [...new Set(errors.flatMap(({ hint }) => hint ?? []))].slice(0, 2);
  const hint = [...hints, "To train without what cannot be read: --skip-bad"].join("\n");
  if (errors.length === 1) return new InputError(errors[0]!.message, hint);
  return new InputError(
    `Cannot use ${folder}: ${errors.length} pictures cannot be read.\n${listOf(errors)}`,
    hint,
  );
}

/** What is said of pictures that were left out. */
export function leftOut(errors: readonly InputError[], folder: string): string {
  return `warning: ${formatCount(errors.length, "picture")} of ${folder} left out:\n${listOf(errors)}`;
}

function listOf(errors: readonly InputError[]): string {
  const named = errors.slice(0, MOST_NAMED).map(({ message }) => `  ${message}`);
  return [...named, ...(errors.length > MOST_NAMED ? [`  and ${errors.length - MOST_NAMED} more`] : [])].join(
    "\n",
  );
}

/** What was read; nothing, and one more damaged picture, where it is bad. */
export async function orDamaged<T>(reading: Promise<T>, damaged: InputError[]): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    damaged.push(error);
    return undefined;
  }
}
