/**
 * Paths in commands that a person may paste into a shell.
 *
 * @module
 */

/** The word as a POSIX shell takes it for one: in quotes where it holds anything that a shell would read otherwise. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
