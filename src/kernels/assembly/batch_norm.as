/**
 * BatchNorm over the last axis (Ioffe and Szegedy, 2015), for x [rows, channels]:
 *
 *     y = γ·(x − μ)/√(σ² + ε) + β
 *
 * Forward, the rows are read twice: once for sums, once to normalize. Sums are taken over chunks of rows, as deviations
 * from the chunk's first row, so that a mean far from zero costs no digits, and the chunks are joined in float64 (Chan, Golub
 * and LeVeque, 1979, equation 2.1). Which rows make a chunk depends on the shape alone: results are the same on any number of
 * threads.
 *
 * A unit is a chunk of rows; in the two functions that join chunks, a channel.
 */
import { multiplyAdd } from "./lib/simd";
import { laneCount, storeLanes } from "./lib/lanes";

/** The layout is that of the fields in batch_norm/fields.ts. */
@unmanaged
class BatchNorm {
  /** [rows, channels]. */
  x: usize;
  /** Output of the normalization, [rows, channels]. */
  y: usize;
  /** γ and β [channels]; 0 stands for ones and for zeros. */
  gamma: usize;
  beta: usize;
  /** μ and σ² [channels]. */
  mean: usize;
  variance: usize;
  epsilon: f32;
  rows: i32;
  channels: i32;
  chunkRows: i32;
  /** Sums by chunk: [chunks, 3 or 2, paddedChannels]. */
  partials: usize;
  /** `channels` rounded up to a multiple of 4. */
  paddedChannels: i32;
  /** Gradients: of y [rows, channels] (given), and of x [rows, channels], γ and β [channels]. */
  dy: usize;
  dx: usize;
  dgamma: usize;
  dbeta: usize;
}

// @ts-ignore: decorator
@inline
function rowBytes(d: BatchNorm): usize {
  return <usize>d.channels * 4;
}

/** Rows of a chunk. */
// @ts-ignore: decorator
@inline
function rowsOf(d: BatchNorm, chunk: i32): i32 {
  return min(d.chunkRows, d.rows - chunk * d.chunkRows);
}

/** Bytes from the start of x, y, dy or dx to a chunk. */
// @ts-ignore: decorator
@inline
function chunkOffset(d: BatchNorm, chunk: i32): usize {
  return <usize>(chunk * d.chunkRows) * rowBytes(d);
}

// @ts-ignore: decorator
@inline
function inverseDeviation(d: BatchNorm, at: usize): v128 {
  return f32x4.div(
    f32x4.splat(1),
    f32x4.sqrt(f32x4.add(v128.load(d.variance + at), f32x4.splat(d.epsilon))),
  );
}

/** γ/√(σ² + ε) of four channels. */
// @ts-ignore: decorator
@inline
function scaleOf(d: BatchNorm, at: usize): v128 {
  const inverse = inverseDeviation(d, at);
  return d.gamma ? f32x4.mul(v128.load(d.gamma + at), inverse) : inverse;
}

/** First row, Σ (x − first row) and Σ (x − first row)² of each chunk. */
export function batchNormSums(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const step = rowBytes(d);
  const planeBytes = <usize>d.paddedChannels * 4;
  for (let chunk = begin; chunk < end; chunk++) {
    const rows = rowsOf(d, chunk);
    const from = d.x + chunkOffset(d, chunk);
    const to = d.partials + <usize>(chunk * 3) * planeBytes;
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
      v128.store(to + at, k0);
      v128.store(to + at, k1, 16);
      v128.store(to + planeBytes + at, s0);
      v128.store(to + planeBytes + at, s1, 16);
      v128.store(to + 2 * planeBytes + at, q0);
      v128.store(to + 2 * planeBytes + at, q1, 16);
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
}

/** Joins the chunks: μ = Σ nᵢ·μᵢ / n, σ² = Σ (Mᵢ + nᵢ·(μᵢ − μ)²) / n, where Mᵢ = Σ (x − μᵢ)². */
export function batchNormMoments(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const planeBytes = <usize>d.paddedChannels * 4;
  const chunks = (d.rows + d.chunkRows - 1) / d.chunkRows;
  for (let channel = begin; channel < end; channel++) {
    const first = d.partials + <usize>channel * 4;
    let from = first;
    let total: f64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      total += <f64>load<f32>(from) * rowsOf(d, chunk) + <f64>load<f32>(from + planeBytes);
      from += 3 * planeBytes;
    }
    const mean = total / d.rows;
    let squares: f64 = 0;
    from = first;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const rows: f64 = rowsOf(d, chunk);
      const sum: f64 = load<f32>(from + planeBytes);
      const ownMean = sum / rows;
      const offset = load<f32>(from) + ownMean - mean;
      squares += load<f32>(from + 2 * planeBytes) - sum * ownMean + rows * offset * offset;
      from += 3 * planeBytes;
    }
    store<f32>(d.mean + <usize>channel * 4, <f32>mean);
    // max() keeps NaN, and a rounding error below zero out.
    store<f32>(d.variance + <usize>channel * 4, <f32>max<f64>(squares / d.rows, 0));
  }
}

/** y = (x − μ)·γ/√(σ² + ε) + β, in this order, so that a mean far from zero costs no digits. */
export function batchNormApply(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const step = rowBytes(d);
  for (let chunk = begin; chunk < end; chunk++) {
    const rows = rowsOf(d, chunk);
    const offset = chunkOffset(d, chunk);
    let at: usize = 0;
    for (; at + 32 <= step; at += 32) {
      const m0 = v128.load(d.mean + at);
      const m1 = v128.load(d.mean + at, 16);
      const a0 = scaleOf(d, at);
      const a1 = scaleOf(d, at + 16);
      const b0 = d.beta ? v128.load(d.beta + at) : f32x4.splat(0);
      const b1 = d.beta ? v128.load(d.beta + at, 16) : f32x4.splat(0);
      let x = d.x + offset + at;
      let y = d.y + offset + at;
      let rest = rows;
      do {
        const v0 = v128.load(x);
        const v1 = v128.load(x, 16);
        v128.store(y, multiplyAdd(f32x4.sub(v0, m0), a0, b0));
        v128.store(y, multiplyAdd(f32x4.sub(v1, m1), a1, b1), 16);
        x += step;
        y += step;
      } while (--rest);
    }
    for (; at < step; at += 16) {
      const m = v128.load(d.mean + at);
      const a = scaleOf(d, at);
      const b = d.beta ? v128.load(d.beta + at) : f32x4.splat(0);
      const lanes = laneCount(step - at);
      let x = d.x + offset + at;
      let y = d.y + offset + at;
      let rest = rows;
      do {
        storeLanes(y, multiplyAdd(f32x4.sub(v128.load(x), m), a, b), lanes);
        x += step;
        y += step;
      } while (--rest);
    }
  }
}

/** Σ dy and Σ dy·(x − μ) of each chunk. */
export function batchNormGradSums(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const step = rowBytes(d);
  const planeBytes = <usize>d.paddedChannels * 4;
  for (let chunk = begin; chunk < end; chunk++) {
    const rows = rowsOf(d, chunk);
    const offset = chunkOffset(d, chunk);
    const to = d.partials + <usize>(chunk * 2) * planeBytes;
    let at: usize = 0;
    for (; at + 32 <= step; at += 32) {
      const m0 = v128.load(d.mean + at);
      const m1 = v128.load(d.mean + at, 16);
      let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
      let x = d.x + offset + at;
      let dy = d.dy + offset + at;
      let rest = rows;
      do {
        const g0 = v128.load(dy);
        const g1 = v128.load(dy, 16);
        s0 = f32x4.add(s0, g0);
        s1 = f32x4.add(s1, g1);
        q0 = multiplyAdd(g0, f32x4.sub(v128.load(x), m0), q0);
        q1 = multiplyAdd(g1, f32x4.sub(v128.load(x, 16), m1), q1);
        x += step;
        dy += step;
      } while (--rest);
      v128.store(to + at, s0);
      v128.store(to + at, s1, 16);
      v128.store(to + planeBytes + at, q0);
      v128.store(to + planeBytes + at, q1, 16);
    }
    for (; at < step; at += 16) {
      const m = v128.load(d.mean + at);
      let s = f32x4.splat(0), q = s;
      let x = d.x + offset + at;
      let dy = d.dy + offset + at;
      let rest = rows;
      do {
        const g = v128.load(dy);
        s = f32x4.add(s, g);
        q = multiplyAdd(g, f32x4.sub(v128.load(x), m), q);
        x += step;
        dy += step;
      } while (--rest);
      v128.store(to + at, s);
      v128.store(to + planeBytes + at, q);
    }
  }
}

/** Joins the chunks: dβ = Σ dy, dγ = Σ dy·(x − μ)/√(σ² + ε). */
export function batchNormParameterGrads(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const planeBytes = <usize>d.paddedChannels * 4;
  const chunks = (d.rows + d.chunkRows - 1) / d.chunkRows;
  for (let channel = begin; channel < end; channel++) {
    const at = <usize>channel * 4;
    let from = d.partials + at;
    let sum: f64 = 0;
    let products: f64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      sum += load<f32>(from);
      products += load<f32>(from + planeBytes);
      from += 2 * planeBytes;
    }
    store<f32>(d.dbeta + at, <f32>sum);
    store<f32>(d.dgamma + at, <f32>(products / Math.sqrt(<f64>load<f32>(d.variance + at) + d.epsilon)));
  }
}

/**
 * dx = a·(dy − dβ/n − x̂·dγ/n)    a = γ/√(σ² + ε), x̂ = (x − μ)/√(σ² + ε)
 *
 * as a·dy + b·(x − μ) + c, with constants b and c of the channel.
 */
export function batchNormGradApply(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const step = rowBytes(d);
  const perRow = f32x4.splat(-1 / <f32>d.rows);
  for (let chunk = begin; chunk < end; chunk++) {
    const rows = rowsOf(d, chunk);
    const offset = chunkOffset(d, chunk);
    let at: usize = 0;
    for (; at + 32 <= step; at += 32) {
      const m0 = v128.load(d.mean + at);
      const m1 = v128.load(d.mean + at, 16);
      const a0 = scaleOf(d, at);
      const a1 = scaleOf(d, at + 16);
      const n0 = f32x4.mul(a0, perRow);
      const n1 = f32x4.mul(a1, perRow);
      const b0 = f32x4.mul(f32x4.mul(n0, v128.load(d.dgamma + at)), inverseDeviation(d, at));
      const b1 = f32x4.mul(f32x4.mul(n1, v128.load(d.dgamma + at, 16)), inverseDeviation(d, at + 16));
      const c0 = f32x4.mul(n0, v128.load(d.dbeta + at));
      const c1 = f32x4.mul(n1, v128.load(d.dbeta + at, 16));
      let x = d.x + offset + at;
      let dy = d.dy + offset + at;
      let dx = d.dx + offset + at;
      let rest = rows;
      do {
        const v0 = f32x4.sub(v128.load(x), m0);
        const v1 = f32x4.sub(v128.load(x, 16), m1);
        const g0 = v128.load(dy);
        const g1 = v128.load(dy, 16);
        v128.store(dx, multiplyAdd(a0, g0, multiplyAdd(b0, v0, c0)));
        v128.store(dx, multiplyAdd(a1, g1, multiplyAdd(b1, v1, c1)), 16);
        x += step;
        dy += step;
        dx += step;
      } while (--rest);
    }
    for (; at < step; at += 16) {
      const m = v128.load(d.mean + at);
      const a = scaleOf(d, at);
      const n = f32x4.mul(a, perRow);
      const b = f32x4.mul(f32x4.mul(n, v128.load(d.dgamma + at)), inverseDeviation(d, at));
      const c = f32x4.mul(n, v128.load(d.dbeta + at));
      const lanes = laneCount(step - at);
      let x = d.x + offset + at;
      let dy = d.dy + offset + at;
      let dx = d.dx + offset + at;
      let rest = rows;
      do {
        const v = f32x4.sub(v128.load(x), m);
        storeLanes(dx, multiplyAdd(a, v128.load(dy), multiplyAdd(b, v, c)), lanes);
        x += step;
        dy += step;
        dx += step;
      } while (--rest);
    }
  }
}
