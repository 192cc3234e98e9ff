/**
 * The learning rate over time: linear warm-up (Goyal et al., 2017), then half a cosine down to zero (Loshchilov and
 * Hutter, 2017).
 *
 * @module
 */
import type { TrainingConfig } from "./config.ts";

/**
 * The learning rate of one step.
 *
 * ```text
 * t < w:  η(t) = η₀·(t + 1)/w
 * else:   η(t) = η₀·½·(1 + cos(π·(t − w)/(T − w)))
 * ```
 *
 * @param config η₀ and the lengths in epochs.
 * @param step t, counted from 0 over the whole training.
 * @param stepsPerEpoch Steps in one epoch.
 */
export function learningRateAt(
  config: Pick<TrainingConfig, "learningRate" | "warmupEpochs" | "epochs">,
  step: number,
  stepsPerEpoch: number,
): number {
  const warmup = Math.round(config.warmupEpochs * stepsPerEpoch);
  if (step < warmup) return config.learningRate * (step + 1) / warmup;
  const total = config.epochs * stepsPerEpoch;
  const progress = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
  return config.learningRate * 0.5 * (1 + Math.cos(Math.PI * progress));
}
