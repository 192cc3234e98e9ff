/**
 * F(4x4, 3x3) in one dimension: four outputs of a three-tap filter from six inputs by six products, at the points 0, 1, -1,
 * 2, -2 and infinity. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), section 4.2.
 *
 * Each function reads vectors `fromStep` bytes apart and writes vectors `toStep` bytes apart.
 */
import { multiplyAdd } from "./simd";

/**
 * Bᵀd: six to six.
 *
 *     4  0 -5  0  1  0
 *     0 -4 -4  1  1  0
 *     0  4 -4 -1  1  0
 *     0 -2 -1  2  1  0
 *     0  2 -1 -2  1  0
 *     0  4  0 -5  0  1
 */
// @ts-ignore: decorator
@inline
export function input4(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const four = f32x4.splat(4);
  const minusFour = f32x4.splat(-4);
  const minusFive = f32x4.splat(-5);
  const two = f32x4.splat(2);
  const d0 = v128.load(from);
  const d1 = v128.load(from + fromStep);
  const d2 = v128.load(from + 2 * fromStep);
  const d3 = v128.load(from + 3 * fromStep);
  const d4 = v128.load(from + 4 * fromStep);
  const d5 = v128.load(from + 5 * fromStep);
  const even = multiplyAdd(minusFour, d2, d4);
  const odd = multiplyAdd(minusFour, d1, d3);
  const evenTwo = f32x4.sub(d4, d2);
  const oddTwo = f32x4.mul(two, f32x4.sub(d3, d1));
  v128.store(to, multiplyAdd(four, d0, multiplyAdd(minusFive, d2, d4)));
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  v128.store(to + 3 * toStep, f32x4.add(evenTwo, oddTwo));
  v128.store(to + 4 * toStep, f32x4.sub(evenTwo, oddTwo));
  v128.store(to + 5 * toStep, multiplyAdd(four, d1, multiplyAdd(minusFive, d3, d5)));
}

/**
 * Gg: three to six.
 *
 *      1/4    0     0
 *     -1/6  -1/6  -1/6
 *     -1/6   1/6  -1/6
 *     1/24  1/12   1/6
 *     1/24 -1/12   1/6
 *       0     0     1
 */
// @ts-ignore: decorator
@inline
export function filter4(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const g0 = v128.load(from);
  const g1 = v128.load(from + fromStep);
  const g2 = v128.load(from + 2 * fromStep);
  const minusSixth = f32x4.splat(-1.0 / 6.0);
  const twelfth = f32x4.splat(1.0 / 12.0);
  const outer = f32x4.add(g0, g2);
  const weighted = multiplyAdd(f32x4.splat(1.0 / 24.0), g0, f32x4.mul(f32x4.splat(1.0 / 6.0), g2));
  const middle = f32x4.mul(twelfth, g1);
  v128.store(to, f32x4.mul(f32x4.splat(0.25), g0));
  v128.store(to + toStep, f32x4.mul(minusSixth, f32x4.add(outer, g1)));
  v128.store(to + 2 * toStep, f32x4.mul(minusSixth, f32x4.sub(outer, g1)));
  v128.store(to + 3 * toStep, f32x4.add(weighted, middle));
  v128.store(to + 4 * toStep, f32x4.sub(weighted, middle));
  v128.store(to + 5 * toStep, g2);
}

/**
 * Aᵀm: six to four.
 *
 *     1  1  1  1  1  0
 *     0  1 -1  2 -2  0
 *     0  1  1  4  4  0
 *     0  1 -1  8 -8  1
 */
// @ts-ignore: decorator
@inline
export function output4(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const m0 = v128.load(from);
  const m1 = v128.load(from + fromStep);
  const m2 = v128.load(from + 2 * fromStep);
  const m3 = v128.load(from + 3 * fromStep);
  const m4 = v128.load(from + 4 * fromStep);
  const m5 = v128.load(from + 5 * fromStep);
  const sumOne = f32x4.add(m1, m2);
  const differenceOne = f32x4.sub(m1, m2);
  const sumTwo = f32x4.add(m3, m4);
  const differenceTwo = f32x4.sub(m3, m4);
  v128.store(to, f32x4.add(f32x4.add(m0, sumOne), sumTwo));
  v128.store(to + toStep, multiplyAdd(f32x4.splat(2), differenceTwo, differenceOne));
  v128.store(to + 2 * toStep, multiplyAdd(f32x4.splat(4), sumTwo, sumOne));
  v128.store(to + 3 * toStep, f32x4.add(multiplyAdd(f32x4.splat(8), differenceTwo, differenceOne), m5));
}

/** Ay, the transpose of {@link output4}: four to six. For the gradient with respect to the filter. */
// @ts-ignore: decorator
@inline
export function gradient4(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const four = f32x4.splat(4);
  const two = f32x4.splat(2);
  const y0 = v128.load(from);
  const y1 = v128.load(from + fromStep);
  const y2 = v128.load(from + 2 * fromStep);
  const y3 = v128.load(from + 3 * fromStep);
  const even = f32x4.add(y0, y2);
  const odd = f32x4.add(y1, y3);
  const evenTwo = multiplyAdd(four, y2, y0);
  const oddTwo = f32x4.mul(two, multiplyAdd(four, y3, y1));
  v128.store(to, y0);
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  v128.store(to + 3 * toStep, f32x4.add(evenTwo, oddTwo));
  v128.store(to + 4 * toStep, f32x4.sub(evenTwo, oddTwo));
  v128.store(to + 5 * toStep, y3);
}

/** Gᵀm, the transpose of {@link filter4}: six to three. For the gradient with respect to the filter. */
// @ts-ignore: decorator
@inline
export function filterGradient4(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const m0 = v128.load(from);
  const m1 = v128.load(from + fromStep);
  const m2 = v128.load(from + 2 * fromStep);
  const m3 = v128.load(from + 3 * fromStep);
  const m4 = v128.load(from + 4 * fromStep);
  const m5 = v128.load(from + 5 * fromStep);
  const minusSixth = f32x4.splat(-1.0 / 6.0);
  const sixth = f32x4.splat(1.0 / 6.0);
  const sumTwo = f32x4.add(m3, m4);
  const outer = f32x4.mul(minusSixth, f32x4.add(m1, m2));
  const inner = f32x4.mul(minusSixth, f32x4.sub(m1, m2));
  v128.store(to, multiplyAdd(f32x4.splat(0.25), m0, multiplyAdd(f32x4.splat(1.0 / 24.0), sumTwo, outer)));
  v128.store(to + toStep, multiplyAdd(f32x4.splat(1.0 / 12.0), f32x4.sub(m3, m4), inner));
  v128.store(to + 2 * toStep, f32x4.add(multiplyAdd(sixth, sumTwo, outer), m5));
}
