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
 * @param memory As many numbers or more, for the result; its own when not given.
 */
export function permute(
  values: ArrayLike<number>,
  shape: readonly number[],
  axes: readonly number[],
  memory?: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  const out = memory?.subarray(0, values.length) ?? new Float32Array(values.length);
  const outStrides = stridesOf(permuteShape(shape, axes));
  const strides = stridesOf(shape);
  const inner = axes.at(-1);
  if (inner === undefined || out.length === 0) {
    out.set(values);
    return out;
  }
  const [length, step] = [shape[inner]!, strides[inner]!];
  // The others in the order of the values, so that each tile reads a few runs of memory and writes whole lines of it.
  const others = shape.map((_, axis) => axis).filter((axis) => axis !== inner);
  const tile = step === 1 ? length : TILE;
  const index = shape.map(() => 0);
  for (let begin = 0; begin < length; begin += tile) {
    const end = Math.min(length, begin + tile);
    let [from, to] = [0, 0];
    for (let axis: number | undefined = 0; axis !== undefined;) {
      for (let i = begin; i < end; i++) out[to + i] = values[from + i * step]!;
      for (let at = others.length - 1;; at--) {
        axis = others[at];
        if (axis === undefined) break;
        const outStride = outStrides[axes.indexOf(axis)]!;
        from += strides[axis]!;
        to += outStride;
        if (++index[axis]! < shape[axis]!) break;
        from -= strides[axis]! * shape[axis]!;
        to -= outStride * shape[axis]!;
        index[axis] = 0;
      }
    }
  }
  return out;
}

/** Floats of a line of the cache. */
const TILE = 16;

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
