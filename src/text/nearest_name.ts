/**
 * The nearest right name to a mistyped one, for error messages: "unknown key widht (did you mean width?)".
 * Optimal string alignment, the restricted edit distance of Damerau (1964) and Levenshtein (1966): insertion, deletion,
 * substitution, and the swap of two neighbours each cost 1.
 *
 * @module
 */

/** How much of the longer name may differ for the other still to count as near. */
const MAX_DIFFERENT_PART = 0.5;

/**
 * The number of edits between two words.
 *
 * @example
 * ```ts
 * import { editDistance } from "./nearest_name.ts";
 * console.log(editDistance("widht", "width")); // 1
 * ```
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + substitution);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforePrevious[j - 2]! + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/**
 * The candidate that is nearest to `name`, letter case aside; the first of equals.
 *
 * @param name What was typed.
 * @param candidates The right names.
 * @returns undefined when more than half of the longer name would have to change.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    const allowed = MAX_DIFFERENT_PART * Math.max(name.length, candidate.length);
    if (distance < bestDistance && distance <= allowed) [best, bestDistance] = [candidate, distance];
  }
  return best;
}
