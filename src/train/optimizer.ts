/**
 * Stochastic gradient descent with Nesterov momentum (Sutskever et al., 2013, in the form that PyTorch uses) and L2
 * decay on kernels. Its slots can be read and restored, so that a resumed run goes on where it stopped.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { nesterovSgd } from "../kernels/tfjs/variables/nesterov_sgd.ts";

/** A variable that the optimizer changes. */
export interface Parameter {
  /** The weight's name in the model, the key of its slot. */
  readonly name: string;
  readonly variable: tf.Variable;
  /** Whether the L2 decay applies: kernels of convolutions and dense layers, not biases and not BatchNorm. */
  readonly decays: boolean;
}

/** SGD with Nesterov momentum over a fixed list of parameters. */
export class NesterovSgd {
  private readonly velocities: tf.Variable[];

  /**
   * @param parameters What it changes, in a fixed order.
   * @param options Momentum μ and weight decay λ.
   */
  constructor(
    private readonly parameters: readonly Parameter[],
    private readonly options: { momentum: number; weightDecay: number },
  ) {
    this.velocities = parameters.map(({ variable }) =>
      tf.tidy(() => tf.variable(tf.zeros(variable.shape), false))
    );
  }

  /**
   * One step.
   *
   * ```text
   * g' = g + λ·w        v = μ·v + g'        w = w − η·(g' + μ·v)
   * ```
   *
   * @param gradients The gradient of each parameter, in the order of the parameters. They are not disposed.
   * @param learningRate η.
   */
  step(gradients: readonly tf.Tensor[], learningRate: number): void {
    const weights = this.parameters.map(({ variable }) => variable);
    const decays = this.parameters.map((parameter) => parameter.decays);
    nesterovSgd({ weights, velocities: this.velocities, gradients }, {
      ...this.options,
      learningRate,
      decays,
    });
  }

  /** The velocities by parameter name. Owned by the optimizer. */
  slots(): Map<string, tf.Variable> {
    return new Map(this.parameters.map(({ name }, index) => [name, this.velocities[index]!]));
  }

  /** Frees the velocities. */
  dispose(): void {
    for (const velocity of this.velocities) velocity.dispose();
  }
}
