/**
 * "mixup: Beyond Empirical Risk Minimization" (Zhang et al., ICLR 2018): images and labels of a batch are blended with those
 * of the same batch in the opposite order, which is as random as the batch itself.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Random } from "../random.ts";
import type { Targets } from "./losses.ts";

/**
 * The share of a batch's own images, from Beta(α, α) by Jöhnk's method (1964), the larger part of the two: an image blended
 * with another by λ is the other blended with it by 1 − λ.
 *
 * @param alpha α, in (0, 1].
 * @returns In [½, 1].
 */
export function drawShare(random: Random, alpha: number): number {
  for (;;) {
    const first = random.uniform() ** (1 / alpha);
    const second = random.uniform() ** (1 / alpha);
    const sum = first + second;
    if (sum > 0 && sum <= 1) return Math.max(first, second) / sum;
  }
}

/** λ·x + (1 − λ)·x in the opposite order of the batch. */
export function blend<X extends tf.Tensor>(x: X, share: number): X {
  return tf.tidy(() => x.mul(share).add<X>(tf.reverse(x, 0).mul(1 - share)));
}

/** Targets of blended images. */
export function blendTargets({ shares, weights }: Targets, share: number): Targets {
  return {
    shares: blend(shares, share),
    ...(weights === undefined ? {} : { weights: blend(weights, share) }),
  };
}
