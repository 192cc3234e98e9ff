/**
 * What all kernels share: the multiply-add that the build chooses, and loads and stores named by their width.
 */

/** Bytes of a float. */
export const FLOAT: usize = 4;
/** Bytes of a vector of four floats. */
export const VECTOR: usize = 16;

/** a·b + c. One rounding where the machine has fused multiply-add and the build has relaxed SIMD, else two. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Rounds up to a multiple of `step`. */
// @ts-ignore: decorator
@inline
export function roundUp(value: i32, step: i32): i32 {
  return (value + step - 1) / step * step;
}
