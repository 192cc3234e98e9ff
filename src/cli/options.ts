/**
 * Small things that tasks share about their flags.
 *
 * @module
 */

/** Names of the flags that say how to print and change no result. */
export const OUTPUT_FLAGS: readonly string[] = ["json", "quiet", "debug"];

/** The entries of an object whose value was given; the others are left out, so that a default can take their place. */
export function definedOnly<T extends Record<string, unknown>>(
  values: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
