/**
 * F(2x2, 3x3) in one dimension: two outputs of a three-tap filter from four inputs by four products, at the points 0, 1, -1
 * and infinity. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), section 4.1.
 *
 * Each function reads vectors `fromStep` bytes apart and writes vectors `toStep` bytes apart.
 */

/** Bᵀd: four to four. */
// @ts-ignore: decorator
@inline
export function input2(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from);
  const d1 = v128.load(from + fromStep);
  const d2 = v128.load(from + 2 * fromStep);
  const d3 = v128.load(from + 3 * fromStep);
  v128.store(to, f32x4.sub(d0, d2));
  v128.store(to + toStep, f32x4.add(d1, d2));
  v128.store(to + 2 * toStep, f32x4.sub(d2, d1));
  v128.store(to + 3 * toStep, f32x4.sub(d1, d3));
}

/** Gg: three to four. */
// @ts-ignore: decorator
@inline
export function filter2(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const half = f32x4.splat(0.5);
  const g0 = v128.load(from);
  const g1 = v128.load(from + fromStep);
  const g2 = v128.load(from + 2 * fromStep);
  const outer = f32x4.add(g0, g2);
  v128.store(to, g0);
  v128.store(to + toStep, f32x4.mul(half, f32x4.add(outer, g1)));
  v128.store(to + 2 * toStep, f32x4.mul(half, f32x4.sub(outer, g1)));
  v128.store(to + 3 * toStep, g2);
}

/** Aᵀm: four to two. */
// @ts-ignore: decorator
@inline
export function output2(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const m0 = v128.load(from);
  const m1 = v128.load(from + fromStep);
  const m2 = v128.load(from + 2 * fromStep);
  const m3 = v128.load(from + 3 * fromStep);
  v128.store(to, f32x4.add(f32x4.add(m0, m1), m2));
  v128.store(to + toStep, f32x4.sub(f32x4.sub(m1, m2), m3));
}
