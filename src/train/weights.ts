/**
 * A model's weights as named variables: what the optimizer changes and what a checkpoint holds.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Parameter } from "./optimizer.ts";

/** What tf.layers calls a LayerVariable, as far as it is used here. */
interface LayerVariable {
  readonly originalName: string;
  read(): tf.Tensor;
}

/**
 * Every weight of the model by its name, running statistics included, in the model's order.
 *
 * @param model A built model.
 */
export function modelWeights(model: tf.LayersModel): Map<string, tf.Variable> {
  return new Map(model.weights.map(toNamedVariable));
}

/**
 * The weights that training changes.
 *
 * @param model A built model.
 */
export function trainableParameters(model: tf.LayersModel): Parameter[] {
  return model.trainableWeights.map(toNamedVariable).map(([name, variable]) => ({
    name,
    variable,
    decays: name.endsWith("kernel"),
  }));
}

/** `read()` returns the variable itself, typed as a tensor; the name is the one without tfjs's uniqueness suffix. */
function toNamedVariable(weight: unknown): [string, tf.Variable] {
  const { originalName, read } = weight as LayerVariable;
  return [originalName, read.call(weight) as tf.Variable];
}
