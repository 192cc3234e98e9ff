/**
 * The loops of batch_norm.as over the rows of a chunk, eight channels at a time, then four, then what is left. `step` is
 * the bytes from row to row; `offset` those from the start of a tensor to the chunk.
 */
import { Branch, constantOf, scaleOf, shiftOf, slopeOf } from "./batch_norm_branch";
import { laneCount, storeLanes } from "./lanes";
import { multiplyAdd } from "./simd";

/** Stores, in planes, the first row k, Σ (x − k) and Σ (x − k)². */
export function sumRows(from: usize, rows: i32, step: usize, to: usize, planeBytes: usize): void {
  let at: usize = 0;
  for (; at + 32 <= step; at += 32) {
    let x = from + at;
    const k0 = v128.load(x);
    const k1 = v128.load(x, 16);
    let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
    let rest = rows;
    do {
      const v0 = f32x4.sub(v128.load(x), k0);
      const v1 = f32x4.sub(v128.load(x, 16), k1);
      s0 = f32x4.add(s0, v0);
      s1 = f32x4.add(s1, v1);
      q0 = multiplyAdd(v0, v0, q0);
      q1 = multiplyAdd(v1, v1, q1);
      x += step;
    } while (--rest);
    storePair(to + at, k0, k1);
    storePair(to + planeBytes + at, s0, s1);
    storePair(to + 2 * planeBytes + at, q0, q1);
  }
  for (; at < step; at += 16) {
    let x = from + at;
    const k = v128.load(x);
    let s = f32x4.splat(0), q = s;
    let rest = rows;
    do {
      const v = f32x4.sub(v128.load(x), k);
      s = f32x4.add(s, v);
      q = multiplyAdd(v, v, q);
      x += step;
    } while (--rest);
    v128.store(to + at, k);
    v128.store(to + planeBytes + at, s);
    v128.store(to + 2 * planeBytes + at, q);
  }
}

// @ts-ignore: decorator
@inline
function storePair(to: usize, low: v128, high: v128): void {
  v128.store(to, low);
  v128.store(to, high, 16);
}

/**
 * y = max((x − μ)·a + β, floor), or, to add to what is in y, max((x − μ)·a + β + y, floor). In this order, so that a mean far
 * from zero costs no digits. NaN stays NaN: pmax(v, floor) is `v < floor ? floor : v`.
 */
export function applyRows(
  branch: Branch,
  offset: usize,
  y: usize,
  rows: i32,
  step: usize,
  adds: bool,
  floor: f32,
): void {
  if (adds) applyRowsFrom(branch, offset, y, rows, step, true, f32x4.splat(floor));
  else applyRowsFrom(branch, offset, y, rows, step, false, f32x4.splat(floor));
}

// @ts-ignore: decorator
@inline
function applyRowsFrom(
  branch: Branch,
  offset: usize,
  y: usize,
  rows: i32,
  step: usize,
  adds: bool,
  floor: v128,
): void {
  let at: usize = 0;
  for (; at + 32 <= step; at += 32) {
    const m0 = v128.load(branch.mean + at);
    const m1 = v128.load(branch.mean + at, 16);
    const a0 = scaleOf(branch, at);
    const a1 = scaleOf(branch, at + 16);
    const b0 = shiftOf(branch, at);
    const b1 = shiftOf(branch, at + 16);
    let from = branch.x + offset + at;
    let to = y + at;
    let rest = rows;
    do {
      const c0 = adds ? f32x4.add(v128.load(to), b0) : b0;
      const c1 = adds ? f32x4.add(v128.load(to, 16), b1) : b1;
      v128.store(to, f32x4.pmax(multiplyAdd(f32x4.sub(v128.load(from), m0), a0, c0), floor));
      v128.store(to, f32x4.pmax(multiplyAdd(f32x4.sub(v128.load(from, 16), m1), a1, c1), floor), 16);
      from += step;
      to += step;
    } while (--rest);
  }
  for (; at < step; at += 16) {
    const m = v128.load(branch.mean + at);
    const a = scaleOf(branch, at);
    const b = shiftOf(branch, at);
    const lanes = laneCount(step - at);
    let from = branch.x + offset + at;
    let to = y + at;
    let rest = rows;
    do {
      const c = adds ? f32x4.add(v128.load(to), b) : b;
      storeLanes(to, f32x4.pmax(multiplyAdd(f32x4.sub(v128.load(from), m), a, c), floor), lanes);
      from += step;
      to += step;
    } while (--rest);
  }
}

/** g = dy where y is positive, NaN where y is NaN, else 0. Up to 16 bytes more are written. */
export function gate(y: usize, dy: usize, g: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const value = v128.load(y + at);
    const open = v128.and(v128.load(dy + at), f32x4.gt(value, f32x4.splat(0)));
    v128.store(g + at, v128.or(open, f32x4.ne(value, value)));
  }
}

/** Stores, in planes, Σ g and Σ g·(x − μ). */
export function gradSumRows(
  branch: Branch,
  offset: usize,
  gradient: usize,
  rows: i32,
  step: usize,
  to: usize,
  planeBytes: usize,
): void {
  let at: usize = 0;
  for (; at + 32 <= step; at += 32) {
    const m0 = v128.load(branch.mean + at);
    const m1 = v128.load(branch.mean + at, 16);
    let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
    let x = branch.x + offset + at;
    let g = gradient + at;
    let rest = rows;
    do {
      const g0 = v128.load(g);
      const g1 = v128.load(g, 16);
      s0 = f32x4.add(s0, g0);
      s1 = f32x4.add(s1, g1);
      q0 = multiplyAdd(g0, f32x4.sub(v128.load(x), m0), q0);
      q1 = multiplyAdd(g1, f32x4.sub(v128.load(x, 16), m1), q1);
      x += step;
      g += step;
    } while (--rest);
    storePair(to + at, s0, s1);
    storePair(to + planeBytes + at, q0, q1);
  }
  for (; at < step; at += 16) {
    const m = v128.load(branch.mean + at);
    let s = f32x4.splat(0), q = s;
    let x = branch.x + offset + at;
    let g = gradient + at;
    let rest = rows;
    do {
      const value = v128.load(g);
      s = f32x4.add(s, value);
      q = multiplyAdd(value, f32x4.sub(v128.load(x), m), q);
      x += step;
      g += step;
    } while (--rest);
    v128.store(to + at, s);
    v128.store(to + planeBytes + at, q);
  }
}

/**
 * dx = a·(g − dβ/n − x̂·dγ/n)    a = γ/√(σ² + ε), x̂ = (x − μ)/√(σ² + ε), perRow = −1/n
 *
 * as a·g + b·(x − μ) + c, with constants b and c of the channel.
 */
export function gradApplyRows(
  branch: Branch,
  offset: usize,
  gradient: usize,
  rows: i32,
  step: usize,
  perRow: f32,
): void {
  const n = f32x4.splat(perRow);
  let at: usize = 0;
  for (; at + 32 <= step; at += 32) {
    const m0 = v128.load(branch.mean + at);
    const m1 = v128.load(branch.mean + at, 16);
    const a0 = scaleOf(branch, at);
    const a1 = scaleOf(branch, at + 16);
    const b0 = slopeOf(branch, at, n);
    const b1 = slopeOf(branch, at + 16, n);
    const c0 = constantOf(branch, at, n);
    const c1 = constantOf(branch, at + 16, n);
    let x = branch.x + offset + at;
    let dx = branch.dx + offset + at;
    let g = gradient + at;
    let rest = rows;
    do {
      const v0 = f32x4.sub(v128.load(x), m0);
      const v1 = f32x4.sub(v128.load(x, 16), m1);
      v128.store(dx, multiplyAdd(a0, v128.load(g), multiplyAdd(b0, v0, c0)));
      v128.store(dx, multiplyAdd(a1, v128.load(g, 16), multiplyAdd(b1, v1, c1)), 16);
      x += step;
      dx += step;
      g += step;
    } while (--rest);
  }
  for (; at < step; at += 16) {
    const m = v128.load(branch.mean + at);
    const a = scaleOf(branch, at);
    const b = slopeOf(branch, at, n);
    const c = constantOf(branch, at, n);
    const lanes = laneCount(step - at);
    let x = branch.x + offset + at;
    let dx = branch.dx + offset + at;
    let g = gradient + at;
    let rest = rows;
    do {
      const v = f32x4.sub(v128.load(x), m);
      storeLanes(dx, multiplyAdd(a, v128.load(g), multiplyAdd(b, v, c)), lanes);
      x += step;
      dx += step;
      g += step;
    } while (--rest);
  }
}
