/**
 * Transposition of a dense array without a tensor library, for weights on their way between layouts.
 *
 * @module
 */

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
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const outShape = permuteShape(shape, axes);
  const outStrides = permuteShape(strides, axes);
  const out = new Float32Array(values.length);
  const index = new Array<number>(shape.length).fill(0);
  for (let position = 0, source = 0; position < out.length; position++) {
    out[position] = values[source]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += outStrides[axis]!;
      if (++index[axis]! < outShape[axis]!) break;
      source -= outStrides[axis]! * outShape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
