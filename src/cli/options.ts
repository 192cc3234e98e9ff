/**
 * Small things that tasks share about their flags.
 *
 * @module
 */

import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Names of the flags that say how to print and how to compute, not what. */
export const MANNER_FLAGS: readonly string[] = ["json", "quiet", "debug", "threads", "kernels"];

/** The entries of an object whose value was given; the others are left out, so that a default can take their place. */
export function definedOnly<T extends Record<string, unknown>>(
  values: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

/** A parser for an option that takes one of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((word) => word === text);
    if (word === undefined) throw new InvalidArgumentError(`It must be one of ${words.join(", ")}.`);
    return word;
  };
}

/** A parser for an option that takes some of a few words, with commas between them. */
export function someOf<const Word extends string>(words: readonly Word[]): (text: string) => Word[] {
  const parse = oneOf(words);
  return (text) => [...new Set(text.split(",").map((word) => parse(word.trim())))];
}
