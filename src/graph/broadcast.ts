/**
 * The shape of what is computed number by number from several tensors.
 *
 * @module
 */
import type { Shape } from "./graph.ts";

/**
 * Lengths of 1 are repeated.
 *
 * @returns nothing when a shape is not known, or they differ in their number of axes.
 */
export function broadcast(shapes: readonly Shape[]): Shape {
  const first = shapes[0];
  if (first === undefined || shapes.some((shape) => shape?.length !== first.length)) return undefined;
  return first.map((_, i) => {
    const lengths = shapes.map((shape) => shape?.[i] ?? null);
    return lengths.find((length) => length !== 1 && length !== null) ??
      (lengths.some((length) => length === null) ? null : 1);
  });
}
