/** One normalized tensor of batch_norm.as. Filled in by `branchWords` of descriptors.ts, which is made from this class. */
@unmanaged
export class Branch {
  /** [rows, channels]. */
  x: usize;
  /** γ and β [channels]; 0 stands for ones and for zeros. */
  gamma: usize;
  beta: usize;
  /** μ and σ² [channels]. */
  mean: usize;
  variance: usize;
  epsilon: f32;
  /** Sums by chunk, [chunks, 3 (forward) or 2 (backward), paddedChannels]. */
  partials: usize;
  /** Gradients of x [rows, channels], γ and β [channels]. */
  dx: usize;
  dgamma: usize;
  dbeta: usize;
}

/** Bytes of a branch in the table. */
export const BRANCH_BYTES: usize = 40;

// @ts-ignore: decorator
@inline
function inverseDeviation(branch: Branch, at: usize): v128 {
  const shifted = f32x4.add(v128.load(branch.variance + at), f32x4.splat(branch.epsilon));
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(shifted));
}

/** a = γ/√(σ² + ε) of four channels. */
// @ts-ignore: decorator
@inline
export function scaleOf(branch: Branch, at: usize): v128 {
  const inverse = inverseDeviation(branch, at);
  return branch.gamma ? f32x4.mul(v128.load(branch.gamma + at), inverse) : inverse;
}

/** β of four channels. */
// @ts-ignore: decorator
@inline
export function shiftOf(branch: Branch, at: usize): v128 {
  return branch.beta ? v128.load(branch.beta + at) : f32x4.splat(0);
}

/** The factor of x − μ in dx: −a·dγ/(n·√(σ² + ε)), with perRow = −1/n. */
// @ts-ignore: decorator
@inline
export function slopeOf(branch: Branch, at: usize, perRow: v128): v128 {
  const gradient = f32x4.mul(v128.load(branch.dgamma + at), inverseDeviation(branch, at));
  return f32x4.mul(f32x4.mul(scaleOf(branch, at), perRow), gradient);
}

/** The constant in dx: −a·dβ/n, with perRow = −1/n. */
// @ts-ignore: decorator
@inline
export function constantOf(branch: Branch, at: usize, perRow: v128): v128 {
  return f32x4.mul(f32x4.mul(scaleOf(branch, at), perRow), v128.load(branch.dbeta + at));
}
