/**
 * Dense arrays read in another order without a tensor library, for weights on their way between layouts.
 *
 * @module
 */
import { sizeOf } from "../graph/graph.ts";

/** The sizes in the order of `axes`. */
export function permuteShape(shape: readonly number[], axes: readonly number[]): number[] {
  return axes.map((axis) => shape[axis]!);
}

/** The permutation that undoes `axes`. */
export function inversePermutation(axes: readonly number[]): number[] {
  return axes.map((_, position) => axes.indexOf(position));
}

/**
 * out[i₀, i₁, ...] = values[j] with j[axes[k]] = i[k]: axis k of the result is axis `axes[k]` of the values.
 *
 * @param values Row-major, of `shape`.
 */
export function permute(
  values: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  gatherStrided(out, values, permuteShape(shape, axes), permuteShape(stridesOf(shape), axes));
  return out;
}

/** How far apart the elements along each axis lie, in row-major order. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/**
 * out[i₀, i₁, ...] = values[offset + Σ iₖ · strides[k]], row by row.
 *
 * @param out As long as `shape` says.
 */
export function gatherStrided(
  out: { [index: number]: number; readonly length: number },
  values: ArrayLike<number>,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): void {
  const index = shape.map(() => 0);
  for (let to = 0, from = offset; to < out.length; to++) {
    out[to] = values[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}
