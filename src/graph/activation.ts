/**
 * The activations that an operation can carry, by the names that Keras gives them.
 *
 * @module
 */

/** Functions of one number. */
export const ACTIVATIONS = [
  "linear",
  "relu",
  "relu6",
  "leaky_relu",
  "elu",
  "selu",
  "gelu",
  "gelu_new",
  "sigmoid",
  "hard_sigmoid",
  "softplus",
  "softsign",
  "swish",
  "mish",
  "tanh",
] as const;

/** The slope of a "leaky_relu" below zero that names none: the one of `tf.leakyRelu`. */
export const LEAKY_SLOPE = 0.2;

/** Where a "relu6" ends. */
export const RELU6_LIMIT = 6;

/** The name of one of {@link ACTIVATIONS}. */
export type Activation = (typeof ACTIVATIONS)[number];

/** The activation of this name, or nothing. */
export function activationNamed(name: string): Activation | undefined {
  return ACTIVATIONS.find((activation) => activation === name);
}
