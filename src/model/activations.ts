/**
 * The non-linearities that a block may end with.
 *
 * @module
 */

/** Their names, as a configuration has them. */
export const ACTIVATIONS = ["relu", "relu6", "elu", "gelu", "swish", "mish"] as const;

/** One of them, or what layers inside a block use; "linear" for none. */
export type BlockActivation = typeof ACTIVATIONS[number] | "sigmoid" | "linear";
