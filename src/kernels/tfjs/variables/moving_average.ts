/**
 * Moving averages of many variables at once: the running statistics of BatchNorm, and averaged weights.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { type Operation, runOperation } from "../fallback/operation.ts";
import { assignAll } from "./assign.ts";

/** Attributes of the kernel. */
export interface MovingAverageAttributes {
  /** The share of the way that an average moves: 1 − decay. */
  readonly rate: number;
}

/** Inputs: the averages, then the values. Outputs: the new averages. */
export const MOVING_AVERAGE: Operation<readonly tf.Tensor[], MovingAverageAttributes> = {
  kernelName: "MovingAverage",
  fallback: (inputs, { rate }) => {
    const count = inputs.length / 2;
    return inputs.slice(0, count)
      .map((average, index) => average.add(inputs[count + index]!.sub(average).mul(rate)));
  },
};

/**
 * Moves every average towards its value: `a = a + (v − a)·rate`.
 *
 * @param averages float32.
 * @param values In the order of the averages, and of their shapes.
 * @param rate 1 − decay.
 */
export function moveTowards(
  averages: readonly tf.Variable[],
  values: readonly tf.Tensor[],
  rate: number,
): void {
  assignAll(averages, () => runOperation(MOVING_AVERAGE, [...averages, ...values], { rate }));
}
