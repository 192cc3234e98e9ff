/**
 * EMNIST (Cohen, Afshar, Tapson and van Schaik, 2017): MNIST's files under names of their own, every image with rows and columns
 * exchanged, and in the set of letters labels that begin at 1.
 *
 * @module
 */
import { InputError } from "../errors.ts";

const DIGITS = "0123456789";
const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Small letters that do not look as their capitals do. */
const MERGED = "abdefghnqrt";

/** The characters of each set, and the label of the first. */
const SETS: Readonly<Record<string, { readonly characters: string; readonly firstLabel: number }>> = {
  balanced: { characters: DIGITS + CAPITALS + MERGED, firstLabel: 0 },
  byclass: { characters: DIGITS + CAPITALS + CAPITALS.toLowerCase(), firstLabel: 0 },
  bymerge: { characters: DIGITS + CAPITALS + MERGED, firstLabel: 0 },
  digits: { characters: DIGITS, firstLabel: 0 },
  letters: { characters: CAPITALS, firstLabel: 1 },
  mnist: { characters: DIGITS, firstLabel: 0 },
};

const PREFIX = /^emnist-([a-z]+)-/;

/** One of its sets. */
export interface EmnistSet {
  /** One per class. */
  readonly classNames: readonly string[];
  /** The label of the first class in the files. */
  readonly firstLabel: number;
}

/**
 * The set whose files lie in a folder; nothing where the names are not EMNIST's.
 *
 * @throws {InputError} when there are files of several sets.
 */
export function emnistSetOf(folder: string, entries: readonly string[]): EmnistSet | undefined {
  const found = [...new Set(entries.flatMap((entry) => PREFIX.exec(entry)?.[1] ?? []))];
  if (found.length > 1) {
    throw new InputError(
      `Cannot use ${folder}: it holds ${found.length} sets of EMNIST: ${found.join(", ")}.`,
      "Move the files of the one that you want to a folder of its own.",
    );
  }
  const set = found[0] === undefined ? undefined : SETS[found[0]];
  return set && { classNames: [...set.characters], firstLabel: set.firstLabel };
}

/**
 * Exchanges rows and columns.
 *
 * @param images [count, size, size].
 */
export function transposed(images: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(images.length);
  for (let start = 0; start < images.length; start += size * size) {
    for (let row = 0, to = start; row < size; row++) {
      for (let column = 0; column < size; column++, to++) result[to] = images[start + column * size + row]!;
    }
  }
  return result;
}
