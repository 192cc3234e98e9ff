/**
 * One step of stochastic gradient descent with Nesterov momentum and L2 decay, over all parameters at once.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { type Operation, runOperation } from "../fallback/operation.ts";
import { assignAll } from "./assign.ts";

/** What to update, in one order. All float32. */
export interface NesterovSgdTensors {
  /** w. */
  readonly weights: readonly tf.Variable[];
  /** v, like the weights. */
  readonly velocities: readonly tf.Variable[];
  /** g, like the weights. */
  readonly gradients: readonly tf.Tensor[];
}

/** Attributes of the kernel. */
export interface NesterovSgdAttributes {
  /** η. */
  readonly learningRate: number;
  /** μ. */
  readonly momentum: number;
  /** λ. */
  readonly weightDecay: number;
  /** By parameter, whether the L2 decay applies to it. */
  readonly decays: readonly boolean[];
}

/** Inputs: all weights, all velocities, all gradients. Outputs: all new weights, all new velocities. */
export const NESTEROV_SGD: Operation<readonly tf.Tensor[], NesterovSgdAttributes> = {
  kernelName: "NesterovSgd",
  fallback: (inputs, { learningRate, momentum, weightDecay, decays }) => {
    const count = decays.length;
    const updates = decays.map((decayed, index) => {
      const [weight, velocity, plain] = [inputs[index]!, inputs[count + index]!, inputs[2 * count + index]!];
      const gradient = decayed && weightDecay > 0 ? plain.add(weight.mul(weightDecay)) : plain;
      const newVelocity = velocity.mul(momentum).add(gradient);
      const step = gradient.add(newVelocity.mul(momentum)).mul(learningRate);
      return { weight: weight.sub(step), velocity: newVelocity };
    });
    return [...updates.map(({ weight }) => weight), ...updates.map(({ velocity }) => velocity)];
  },
};

/**
 * ```text
 * g' = g + λ·w        v = μ·v + g'        w = w − η·(g' + μ·v)
 * ```
 */
export function nesterovSgd(tensors: NesterovSgdTensors, attributes: NesterovSgdAttributes): void {
  const { weights, velocities, gradients } = tensors;
  const inputs = [...weights, ...velocities, ...gradients];
  assignAll([...weights, ...velocities], () => runOperation(NESTEROV_SGD, inputs, attributes));
}
