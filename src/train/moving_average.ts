/**
 * The exponential moving average of a model's weights (Polyak and Juditsky, 1992), whose average often generalizes
 * better than the last step.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { moveTowards } from "../kernels/tfjs/variables/moving_average.ts";

/** Averages of named variables, running statistics included. */
export class MovingAverage {
  private readonly averages: Map<string, tf.Variable>;

  /**
   * @param weights The variables to follow, by name. The averages start at their present values.
   * @param decay d in `a = d·a + (1 − d)·w`.
   */
  constructor(private readonly weights: ReadonlyMap<string, tf.Variable>, private readonly decay: number) {
    this.averages = new Map(
      [...weights].map(([name, weight]) => [name, tf.tidy(() => tf.variable(weight.clone(), false))]),
    );
  }

  /** Takes the present weights into the averages. */
  update(): void {
    const values = [...this.averages.keys()].map((name) => this.weights.get(name)!);
    moveTowards([...this.averages.values()], values, 1 - this.decay);
  }

  /** The averages by weight name. Owned by this object. */
  slots(): Map<string, tf.Variable> {
    return this.averages;
  }

  /**
   * Runs `work` with the averages in the model's place, then puts the weights back.
   *
   * @param work Something synchronous, like an evaluation.
   */
  during<T>(work: () => T): T {
    const originals = new Map([...this.weights].map(([name, weight]) => [name, weight.clone()]));
    for (const [name, weight] of this.weights) weight.assign(this.averages.get(name)!);
    try {
      return work();
    } finally {
      for (const [name, weight] of this.weights) weight.assign(originals.get(name)!);
      for (const original of originals.values()) original.dispose();
    }
  }

  /** Makes the averages the model's weights for good. */
  adopt(): void {
    for (const [name, weight] of this.weights) weight.assign(this.averages.get(name)!);
  }

  /** Frees the averages. */
  dispose(): void {
    for (const average of this.averages.values()) average.dispose();
  }
}
