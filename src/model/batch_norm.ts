/**
 * The constants of BatchNorm (Ioffe and Szegedy, 2015) as PyTorch has them, in the one place that names them. The defaults of
 * TensorFlow.js are eps 1e-3 and momentum 0.99.
 *
 * @module
 */

/** Added to the variance before the root: y = γ·(x − μ)/√(σ² + ε) + β. */
export const BN_EPSILON = 1e-5;

/** The share of the old running statistic that a step keeps. PyTorch calls 1 − 0.9 = 0.1 its momentum. */
export const BN_MOMENTUM = 0.9;
