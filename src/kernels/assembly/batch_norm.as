/**
 * BatchNorm over the last axis (Ioffe and Szegedy, 2015) of one tensor x [rows, channels], or of several that are added, as at
 * the end of a re-parameterizable block, with or without ReLU:
 *
 *     y = ReLU(Σ_b γ_b·(x_b − μ_b)/√(σ²_b + ε_b) + β_b)
 *
 * Forward, each x is read twice: once for sums, once to normalize. Sums are taken over chunks of rows, as deviations
 * from the chunk's first row, so that a mean far from zero costs no digits, and the chunks are joined in float64 (Chan, Golub
 * and LeVeque, 1979, equation 2.1). Which rows make a chunk depends on the shape alone: results are the same on any number of
 * threads. A chunk fits the first-level cache, so what the branches have in common is fetched once.
 *
 * The loops over the rows of a chunk are in lib/batch_norm_rows.as.
 */
import { applyRows, gate, gradApplyRows, gradSumRows, sumRows } from "./lib/batch_norm_rows";
import { Branch, BRANCH_BYTES } from "./lib/batch_norm_branch";

/** Filled in by `batchNormWords` of descriptors.ts, which is made from this class. */
@unmanaged
class BatchNorm {
  /** Table of the branches. */
  branches: usize;
  branchCount: i32;
  /** Output of the forward pass, [rows, channels]; in the backward pass read for ReLU. */
  y: usize;
  /** Gradient of y. */
  dy: usize;
  /** Not 0 with ReLU. */
  relu: i32;
  rows: i32;
  channels: i32;
  chunkRows: i32;
  /** `channels` rounded up to a multiple of 4. */
  paddedChannels: i32;
}

// @ts-ignore: decorator
@inline
function branchOf(d: BatchNorm, index: i32): Branch {
  return changetype<Branch>(d.branches + <usize>index * BRANCH_BYTES);
}

// @ts-ignore: decorator
@inline
function chunkCount(d: BatchNorm): i32 {
  return (d.rows + d.chunkRows - 1) / d.chunkRows;
}

/** Rows of a chunk. */
// @ts-ignore: decorator
@inline
function rowsOf(d: BatchNorm, chunk: i32): i32 {
  return min(d.chunkRows, d.rows - chunk * d.chunkRows);
}

// @ts-ignore: decorator
@inline
function rowBytes(d: BatchNorm): usize {
  return <usize>d.channels * 4;
}

/** Bytes from the start of x, y, dy or dx to a chunk. */
// @ts-ignore: decorator
@inline
function chunkOffset(d: BatchNorm, chunk: i32): usize {
  return <usize>(chunk * d.chunkRows) * rowBytes(d);
}

/** First row, Σ (x − first row) and Σ (x − first row)² of each chunk. A unit is a chunk of a branch. */
export function batchNormSums(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const planeBytes = <usize>d.paddedChannels * 4;
  const chunks = chunkCount(d);
  for (let unit = begin; unit < end; unit++) {
    const index = unit / chunks;
    const chunk = unit - index * chunks;
    const branch = branchOf(d, index);
    const to = branch.partials + <usize>(chunk * 3) * planeBytes;
    sumRows(branch.x + chunkOffset(d, chunk), rowsOf(d, chunk), rowBytes(d), to, planeBytes);
  }
}

/** Joins the chunks: μ = Σ nᵢ·μᵢ / n, σ² = Σ (Mᵢ + nᵢ·(μᵢ − μ)²) / n, where Mᵢ = Σ (x − μᵢ)². A unit is a channel of a branch. */
export function batchNormMoments(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const planeBytes = <usize>d.paddedChannels * 4;
  const chunks = chunkCount(d);
  for (let unit = begin; unit < end; unit++) {
    const index = unit / d.channels;
    const branch = branchOf(d, index);
    const at = <usize>(unit - index * d.channels) * 4;
    let from = branch.partials + at;
    let total: f64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      total += <f64>load<f32>(from) * rowsOf(d, chunk) + <f64>load<f32>(from + planeBytes);
      from += 3 * planeBytes;
    }
    const mean = total / d.rows;
    let squares: f64 = 0;
    from = branch.partials + at;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const rows: f64 = rowsOf(d, chunk);
      const sum: f64 = load<f32>(from + planeBytes);
      const ownMean = sum / rows;
      const offset = load<f32>(from) + ownMean - mean;
      squares += load<f32>(from + 2 * planeBytes) - sum * ownMean + rows * offset * offset;
      from += 3 * planeBytes;
    }
    store<f32>(branch.mean + at, <f32>mean);
    // max() keeps NaN, and a rounding error below zero out.
    store<f32>(branch.variance + at, <f32>max<f64>(squares / d.rows, 0));
  }
}

/** y of each chunk. A unit is a chunk. */
export function batchNormApply(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const last = d.branchCount - 1;
  for (let chunk = begin; chunk < end; chunk++) {
    const offset = chunkOffset(d, chunk);
    for (let index = 0; index <= last; index++) {
      const floor: f32 = d.relu && index == last ? 0 : -Infinity;
      applyRows(branchOf(d, index), offset, d.y + offset, rowsOf(d, chunk), rowBytes(d), index > 0, floor);
    }
  }
}

/** The gradient of what ReLU was applied to: dy itself, or dy where y is positive, written to scratch. */
// @ts-ignore: decorator
@inline
function sumGradient(d: BatchNorm, chunk: i32, scratch: usize): usize {
  const offset = chunkOffset(d, chunk);
  if (!d.relu) return d.dy + offset;
  gate(d.y + offset, d.dy + offset, scratch, <usize>rowsOf(d, chunk) * rowBytes(d));
  return scratch;
}

/** Σ g and Σ g·(x − μ) of each chunk, with g the gradient in front of ReLU. A unit is a chunk. Scratch: one chunk, and 16 bytes. */
export function batchNormGradSums(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const planeBytes = <usize>d.paddedChannels * 4;
  for (let chunk = begin; chunk < end; chunk++) {
    const g = sumGradient(d, chunk, scratch);
    for (let index = 0; index < d.branchCount; index++) {
      const branch = branchOf(d, index);
      const to = branch.partials + <usize>(chunk * 2) * planeBytes;
      gradSumRows(branch, chunkOffset(d, chunk), g, rowsOf(d, chunk), rowBytes(d), to, planeBytes);
    }
  }
}

/** Joins the chunks: dβ = Σ g, dγ = Σ g·(x − μ)/√(σ² + ε). A unit is a channel of a branch. */
export function batchNormParameterGrads(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const planeBytes = <usize>d.paddedChannels * 4;
  const chunks = chunkCount(d);
  for (let unit = begin; unit < end; unit++) {
    const index = unit / d.channels;
    const branch = branchOf(d, index);
    const at = <usize>(unit - index * d.channels) * 4;
    let from = branch.partials + at;
    let sum: f64 = 0;
    let products: f64 = 0;
    for (let chunk = 0; chunk < chunks; chunk++) {
      sum += load<f32>(from);
      products += load<f32>(from + planeBytes);
      from += 2 * planeBytes;
    }
    const variance: f64 = load<f32>(branch.variance + at);
    store<f32>(branch.dbeta + at, <f32>sum);
    store<f32>(branch.dgamma + at, <f32>(products / Math.sqrt(variance + branch.epsilon)));
  }
}

/** dx of each chunk, for all branches. A unit is a chunk. Scratch: one chunk, and 16 bytes. */
export function batchNormGradApply(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<BatchNorm>(descriptor);
  const perRow: f32 = <f32>(-1) / <f32>d.rows;
  for (let chunk = begin; chunk < end; chunk++) {
    const g = sumGradient(d, chunk, scratch);
    for (let index = 0; index < d.branchCount; index++) {
      gradApplyRows(branchOf(d, index), chunkOffset(d, chunk), g, rowsOf(d, chunk), rowBytes(d), perRow);
    }
  }
}
