/**
 * How the readers of this room give up: one error that names the file and the reason.
 *
 * @module
 */
import { InputError } from "../../errors.ts";

/** Throws with the reason, and what to try. */
export type Refuse = (reason: string, hint?: string) => never;

const DAMAGED = "Fetch or save the file again; it is damaged, or PyTorch did not write it.";

/** What refuses this file. */
export function refusal(name: string): Refuse {
  return (reason, hint = DAMAGED) => {
    throw new InputError(`Cannot read ${name} as a PyTorch checkpoint: ${reason}.`, hint);
  };
}

/** A word of a file as a message may show it: short, and without control characters. */
export function shown(word: string): string {
  const short = word.length > 120 ? `${word.slice(0, 120)}…` : word;
  return short.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?");
}
