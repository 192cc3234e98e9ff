/**
 * The kernels of a sum of BatchNorms with ReLU, as at the end of a re-parameterizable block, with their plain references.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Operation } from "../fallback/operation.ts";
import { RELU_GRADIENT } from "../elementwise/relu_gradient.ts";
import { type OverwritingAttributes, TRAINING, TRAINING_GRADIENT } from "./fallback.ts";

/** Attributes of both kernels. */
export interface NormalizedSumAttributes {
  /** ε of each branch. */
  readonly epsilons: readonly number[];
}

/**
 * y = ReLU(Σ_b γ_b·(x_b − μ_b)/√(σ²_b + ε_b) + β_b), with the statistics of the batch.
 *
 * Inputs: the x, the γ, the β. Outputs: y, the μ, the σ².
 */
export const NORMALIZED_SUM: Operation<readonly tf.Tensor[], NormalizedSumAttributes> = {
  kernelName: "NormalizedSum",
  fallback: (inputs, { epsilons }) => {
    const [xs, gammas, betas] = splitEvenly(inputs, 3);
    const branches = xs!.map((x, b) =>
      TRAINING.fallback({ x, gamma: gammas![b]!, beta: betas![b]! }, { epsilon: epsilons[b]! })
    );
    const sum = branches.map(([y]) => y!).reduce((a, b) => a.add(b));
    return [sum.relu(), ...branches.map(([, mean]) => mean!), ...branches.map(([, , variance]) => variance!)];
  },
};

/**
 * The gradient of {@link NORMALIZED_SUM}. Inputs: dy, y, the x, the γ, the μ, the σ². Outputs: the dx, the dγ, the dβ.
 */
export const NORMALIZED_SUM_GRADIENT: Operation<
  readonly tf.Tensor[],
  NormalizedSumAttributes & OverwritingAttributes
> = {
  kernelName: "NormalizedSumGrad",
  fallback: ([dy, y, ...rest], { epsilons }) => {
    const [xs, gammas, means, variances] = splitEvenly(rest, 4);
    const [gradient] = RELU_GRADIENT.fallback({ dy: dy!, y: y! }, {});
    const branches = xs!.map((x, b) => {
      const inputs = { dy: gradient!, x, gamma: gammas![b]!, mean: means![b]!, variance: variances![b]! };
      return TRAINING_GRADIENT.fallback(inputs, { epsilon: epsilons[b]! });
    });
    return [0, 1, 2].flatMap((which) => branches.map((outputs) => outputs[which]!));
  },
};

/** Cuts a list into so many parts of the same length. */
export function splitEvenly<T>(list: readonly T[], parts: number): T[][] {
  const length = list.length / parts;
  return Array.from({ length: parts }, (_, part) => list.slice(part * length, (part + 1) * length));
}
