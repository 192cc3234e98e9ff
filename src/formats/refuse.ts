/**
 * How a reader gives up in the midst of a file, whatever its format: the room around it knows what to call the file.
 *
 * @module
 */

/** Throws with the reason, and what to try. */
export type Refuse = (reason: string, hint?: string) => never;

/** A word of a file as a message may show it: short, and without control characters. */
export function shown(word: string): string {
  const short = word.length > 120 ? `${word.slice(0, 120)}…` : word;
  return short.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "?");
}
