/**
 * The most multiply-adds a second that this build reaches: twelve independent accumulators in registers, no memory. What
 * a benchmark calls the peak. A unit is {@link PEAK_STEPS} steps of twelve.
 */
import { multiplyAdd } from "./lib/simd";

/** Steps of a unit; each is twelve multiply-adds of four floats. As in benchmarks/kernels/peak.ts. */
const PEAK_STEPS: i32 = 1024;

/** Scratch: 16 bytes, which keep the compiler from leaving the sums out. */
export function peak(_descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  // From memory: constants would be made anew in every step.
  v128.store(scratch, f32x4.splat(0.001));
  const a = v128.load(scratch);
  const b = a;
  let s0 = a, s1 = f32x4.splat(1), s2 = f32x4.splat(2), s3 = f32x4.splat(3);
  let s4 = f32x4.splat(4), s5 = f32x4.splat(5), s6 = f32x4.splat(6), s7 = f32x4.splat(7);
  let s8 = f32x4.splat(8), s9 = f32x4.splat(9), s10 = f32x4.splat(10), s11 = f32x4.splat(11);
  for (let step = (end - begin) * PEAK_STEPS; step > 0; step--) {
    s0 = multiplyAdd(a, b, s0);
    s1 = multiplyAdd(a, b, s1);
    s2 = multiplyAdd(a, b, s2);
    s3 = multiplyAdd(a, b, s3);
    s4 = multiplyAdd(a, b, s4);
    s5 = multiplyAdd(a, b, s5);
    s6 = multiplyAdd(a, b, s6);
    s7 = multiplyAdd(a, b, s7);
    s8 = multiplyAdd(a, b, s8);
    s9 = multiplyAdd(a, b, s9);
    s10 = multiplyAdd(a, b, s10);
    s11 = multiplyAdd(a, b, s11);
  }
  const first = f32x4.add(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), f32x4.add(s4, s5));
  const second = f32x4.add(f32x4.add(f32x4.add(s6, s7), f32x4.add(s8, s9)), f32x4.add(s10, s11));
  v128.store(scratch, f32x4.add(first, second));
}
